"""Noises that people and things make, from numbers alone, each drawn anew.

Everything is at 16 kHz and peaks at about 1; levels are set by whoever mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

RATE = 16_000
Wave = npt.NDArray[np.float64]
Random = np.random.Generator


def shaped(random: Random, duration_s: float, gains: Mapping[float, float]) -> Wave:
    """Noise with the given gains in dB at the given frequencies in Hz, straight lines between."""
    count = round(duration_s * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= 10 ** (np.interp(hertz, list(gains), list(gains.values())) / 20)
    return peaked(np.fft.irfft(spectrum, count))


def peaked(wave: Wave) -> Wave:
    return wave / (np.abs(wave).max() + 1e-9)


def resonated(wave: Wave, formants: Mapping[float, float], width_hz: float = 90.0) -> Wave:
    """Through parallel resonances: frequency in Hz to gain."""
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    response = np.zeros_like(spectrum)
    for centre, gain in formants.items():
        response += gain / (1 + 1j * (hertz**2 - centre**2) / (width_hz * hertz + 1))
    return peaked(np.fft.irfft(spectrum * response, len(wave)))


def glottal(random: Random, pitch_hz: Wave, breath: float = 0.05) -> Wave:
    """Pulses of vocal cords along a curve of pitch, one value per sample."""
    phase = np.cumsum(pitch_hz * (1 + 0.01 * random.standard_normal(1))) / RATE
    position = phase % 1
    pulses = np.where(position < 0.6, np.sin(np.pi * position / 0.6) ** 2, 0.0)
    wave = np.diff(pulses, prepend=0.0) * 8
    return wave + breath * random.standard_normal(len(wave)) * (0.3 + pulses)


def swell(count: int, attack_s: float, release_s: float) -> Wave:
    edge = np.ones(count)
    up, down = min(count, round(attack_s * RATE)), min(count, round(release_s * RATE))
    edge[:up] *= np.sin(np.linspace(0, np.pi / 2, up)) ** 2
    edge[count - down :] *= np.cos(np.linspace(0, np.pi / 2, down)) ** 2
    return edge


def hum(random: Random, base_hz: float) -> Wave:
    """ "Mm-hm", "mm" or "hm": closed lips, one or two beats, the second higher or lower."""
    beats = int(random.choice([1, 2], p=[0.35, 0.65]))
    parts: list[Wave] = []
    level = base_hz * random.uniform(0.85, 1.1)
    for beat in range(beats):
        count = round(random.uniform(0.13, 0.28 if beats == 2 else 0.5) * RATE)
        start = level * (random.choice([0.85, 1.3]) if beat else 1.0)
        curve = np.linspace(start, start * random.uniform(0.8, 1.25), count)
        voice = glottal(random, curve, breath=random.uniform(0.02, 0.1))
        nasal = {random.uniform(220, 320): 1.0, random.uniform(900, 1300): 0.12, 2200.0: 0.05}
        parts.append(resonated(voice, nasal) * swell(count, 0.03, 0.06))
        if beat + 1 < beats:
            gap = round(random.uniform(0.03, 0.09) * RATE)
            parts.append(0.04 * random.standard_normal(gap))
    return peaked(np.concatenate(parts))


def laughter(random: Random) -> Wave:
    base_hz = float(random.uniform(130, 380))
    formants = {random.uniform(550, 850): 1.0, random.uniform(1200, 1700): 0.5, 2600.0: 0.2}
    parts: list[Wave] = []
    for beat in range(int(random.integers(4, 9))):
        count = round(random.uniform(0.06, 0.11) * RATE)
        top = base_hz * random.uniform(0.9, 1.2) * 0.97**beat
        voice = glottal(random, np.linspace(top, 0.85 * top, count), random.uniform(0.1, 0.5))
        parts.append(resonated(voice, formants, 150) * swell(count, 0.015, 0.04) * 0.93**beat)
        breath = round(random.uniform(0.06, 0.12) * RATE)
        air = shaped(random, breath / RATE, {0: -20, 1000: 0, 4000: -6, 8000: -20})
        parts.append(0.12 * air * swell(breath, 0.02, 0.03))
    return peaked(np.concatenate(parts))


def cough(random: Random) -> Wave:
    parts: list[Wave] = []
    for _ in range(int(random.integers(1, 4))):
        burst_s = float(random.uniform(0.15, 0.35))
        colour = {
            0.0: -25.0,
            400.0: 0.0,
            random.uniform(1200, 2200): 0.0,
            4500.0: -8.0,
            8000.0: -20.0,
        }
        burst = shaped(random, burst_s, colour)
        time_s = np.arange(len(burst)) / RATE
        envelope = np.exp(-time_s / random.uniform(0.03, 0.09)) + 0.15 * np.exp(-time_s / 0.2)
        voice = glottal(random, np.linspace(180, 110, len(burst)), 0.4)
        parts += [(burst + 0.25 * resonated(voice, {600: 1.0, 1300: 0.5}, 200)) * envelope]
        parts += [np.zeros(round(random.uniform(0.08, 0.3) * RATE))]
    return peaked(np.concatenate(parts))


def throat(random: Random) -> Wave:
    """Throat cleared: a rough, low voice with much air."""
    count = round(random.uniform(0.3, 0.7) * RATE)
    rough = 1 + 0.5 * np.sin(2 * np.pi * 28 * np.arange(count) / RATE)
    voice = glottal(random, np.full(count, random.uniform(75, 120)), 0.6) * rough
    return resonated(voice, {350: 1.0, 1100: 0.5, 2300: 0.3}, 250) * swell(count, 0.04, 0.15)


def breath(random: Random) -> Wave:
    """A sigh or a blow into the microphone."""
    duration_s = float(random.uniform(0.3, 1.0))
    colour = {0.0: -5.0, random.uniform(300, 1500): 0.0, 4000.0: -15.0, 8000.0: -30.0}
    wave = shaped(random, duration_s, colour)
    return wave * swell(len(wave), 0.1, 0.25)


def _struck(random: Random, tones: Mapping[float, float], decay_s: float, length_s: float) -> Wave:
    time_s = np.arange(round(length_s * RATE)) / RATE
    wave = sum(
        gain * np.sin(2 * np.pi * hertz * time_s + random.uniform(0, 6))
        for hertz, gain in tones.items()
    )
    return np.asarray(wave * np.exp(-time_s / decay_s))


def keyboard(random: Random) -> Wave:
    wave = np.zeros(round(random.uniform(0.6, 2.0) * RATE))
    at = 0
    while at < len(wave) - RATE // 10:
        click = shaped(random, 0.03, {0: -20, 2000: 0, 6000: -3}) * np.exp(-np.arange(480) / 60)
        wave[at : at + 480] += random.uniform(0.4, 1) * click
        at += round(random.uniform(0.07, 0.25) * RATE)
    return peaked(wave)


def door(random: Random) -> Wave:
    thump = _struck(random, {random.uniform(50, 90): 1, 140: 0.6, 230: 0.3}, 0.08, 0.5)
    rattle = shaped(random, 0.5, {0: -10, 500: 0, 3000: -10, 8000: -30})
    return peaked(thump + 0.5 * rattle * np.exp(-np.arange(len(rattle)) / RATE / 0.04))


def dishes(random: Random) -> Wave:
    wave = np.zeros(RATE)
    for _ in range(int(random.integers(2, 6))):
        at = int(random.integers(0, RATE // 2))
        tones = {float(random.uniform(1500, 6000)): random.uniform(0.3, 1) for _ in range(5)}
        wave[at : at + RATE // 2] += _struck(random, tones, 0.06, 0.5)
    return peaked(wave)


def fan(random: Random) -> Wave:
    wave = shaped(random, random.uniform(0.8, 2.0), {0: -10, 100: 0, 1000: -12, 8000: -35})
    return wave * swell(len(wave), 0.1, 0.2)


def vacuum(random: Random) -> Wave:
    wave = shaped(random, random.uniform(0.8, 2.0), {0: -20, 400: 0, 2500: -4, 8000: -14})
    time_s = np.arange(len(wave)) / RATE
    whine = sum(np.sin(2 * np.pi * k * 210 * time_s) / k for k in (1, 2, 3, 5))
    return peaked((wave + 0.2 * whine) * swell(len(wave), 0.15, 0.2))


def music(random: Random) -> Wave:
    """A tune over chords; the instrument's overtones are drawn."""
    root = float(random.uniform(110, 260))
    overtones = random.uniform(0.1, 1.0, 8) / np.arange(1, 9) ** random.uniform(0.5, 1.5)
    beat_s = float(random.uniform(0.18, 0.5))
    wave = np.zeros(round(2.4 * RATE))
    for beat in range(int(2 / beat_s)):
        chord = root * 2 ** (random.choice([0, 5, 7, 9]) / 12)
        tune = root * 2 ** (random.choice([12, 14, 16, 19, 21, 24]) / 12)
        for note, gain in ((chord, 0.5), (chord * 1.26, 0.4), (chord * 1.5, 0.4), (tune, 1.0)):
            tones = {
                note * (k + 1): gain * over for k, over in enumerate(overtones) if note * k < 7e3
            }
            sound = _struck(random, tones, random.uniform(0.15, 0.6), min(1.0, 2 * beat_s))
            at = round(beat * beat_s * RATE)
            room = wave[at : at + len(sound)]
            room += sound[: len(room)] * swell(len(sound), 0.01, 0.05)[: len(room)]
    return peaked(wave)


def ringing(random: Random) -> Wave:
    """A telephone or a notification."""
    tones = random.choice([440.0, 660.0, 880.0, 1320.0, 1760.0], int(random.integers(2, 5)))
    parts = [_struck(random, {tone: 1, 2 * tone: 0.3}, 0.15, 0.18) for tone in tones]
    return peaked(np.concatenate(parts))


def bark(random: Random) -> Wave:
    parts: list[Wave] = []
    for _ in range(int(random.integers(1, 4))):
        count = round(random.uniform(0.12, 0.2) * RATE)
        top = random.uniform(350, 600)
        curve = top * np.sin(np.linspace(0.6, 2.6, count))
        parts.append(resonated(glottal(random, curve, 0.5), {700: 1, 1500: 0.8, 2800: 0.3}, 250))
        parts[-1] *= swell(count, 0.01, 0.06)
        parts.append(np.zeros(round(random.uniform(0.15, 0.35) * RATE)))
    return peaked(np.concatenate(parts))


def scrape(random: Random) -> Wave:
    """A chair over the floor: friction that chatters."""
    count = round(random.uniform(0.3, 0.8) * RATE)
    chatter = np.abs(np.sin(2 * np.pi * random.uniform(20, 60) * np.arange(count) / RATE)) ** 3
    noise = shaped(random, count / RATE, {0: -20, 300: 0, 1500: -5, 8000: -25})
    return peaked(noise * chatter * swell(count, 0.05, 0.1))


Maker = Callable[[Random], Wave]
MAKERS: Mapping[str, Maker] = {
    maker.__name__: maker for maker in (laughter, cough, breath, keyboard, door, fan, music)
}
"""In both halves, drawn anew."""
ONLY_LEARNT: Mapping[str, Maker] = {maker.__name__: maker for maker in (bark, vacuum)}
ONLY_HELD_OUT: Mapping[str, Maker] = {
    maker.__name__: maker for maker in (throat, dishes, ringing, scrape)
}
