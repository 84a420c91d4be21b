"""Rooms, distances, loudspeakers and levels: what becomes of a sound before it is heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.interruption_noises import RATE, Random, Wave, shaped

_ACTIVE_DB = 35.0  # below the loudest 20 ms: silence


def levelled(wave: Wave, level_db: float) -> Wave:
    """With the power of what is not silence at `level_db`."""
    frames = wave[: len(wave) // 320 * 320].reshape(-1, 320) if len(wave) >= 320 else wave[None]
    power = (frames**2).mean(1)
    loud = power[power > power.max() / 10 ** (_ACTIVE_DB / 10)]
    return wave * 10 ** (level_db / 20) / np.sqrt(loud.mean() + 1e-12)


def trimmed(wave: Wave) -> Wave:
    """Without silence at both ends: less than -35 dB of the loudest 5 ms."""
    frames = wave[: len(wave) // 80 * 80].reshape(-1, 80)
    power = (frames**2).mean(1)
    loud = np.flatnonzero(power > power.max() / 10 ** (_ACTIVE_DB / 10))
    return wave[loud[0] * 80 : (loud[-1] + 1) * 80]


def in_room(random: Random, wave: Wave, decay_s: float, direct: float) -> Wave:
    """With a tail that falls by 60 dB in `decay_s`; `direct` is the amplitude before it."""
    time_s = np.arange(round(decay_s * RATE)) / RATE
    tail = random.standard_normal(len(time_s)) * 10 ** (-3 * time_s / decay_s)
    tail[: RATE // 250] = 0
    response = tail / np.sqrt((tail**2).sum() + 1e-12)
    response[0] += direct
    return convolved(wave, response)


def convolved(wave: Wave, response: Wave) -> Wave:
    size = 1 << (len(wave) + len(response)).bit_length()
    return np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(response, size))[: len(wave)]


def filtered(wave: Wave, low_hz: float, high_hz: float) -> Wave:
    """Between two frequencies, falling by 12 dB an octave beyond them."""
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE) + 1e-9
    spectrum /= 1 + (low_hz / hertz) ** 2
    spectrum /= 1 + (hertz / high_hz) ** 2
    return np.fft.irfft(spectrum, len(wave))


def from_afar(random: Random, wave: Wave) -> Wave:
    """As somebody sounds who speaks across the room or in the next one."""
    far = in_room(random, wave, random.uniform(0.35, 0.9), random.uniform(0.1, 0.6))
    return filtered(far, random.uniform(80, 250), random.uniform(1200, 4000))


def from_near(random: Random, wave: Wave) -> Wave:
    """As somebody sounds who speaks to the device."""
    near = in_room(random, wave, random.uniform(0.12, 0.4), random.uniform(1.5, 6))
    return filtered(near, random.uniform(40, 150), random.uniform(5000, 12000))


def echoed(random: Random, wave: Wave) -> Wave:
    """Played by a loudspeaker into the room; for some, what an echo canceller leaves of it."""
    played = filtered(wave, random.uniform(150, 500), random.uniform(2500, 7000))
    if random.random() < 0.4:
        drive = random.uniform(1, 4) / (np.abs(played).max() + 1e-9)
        played = np.tanh(drive * played) / drive
    heard = in_room(random, played, random.uniform(0.2, 0.6), random.uniform(0.3, 2))
    heard = np.roll(heard, round(random.uniform(0.01, 0.4) * RATE))
    return _half_cancelled(random, heard) if random.random() < 0.35 else heard


def _half_cancelled(random: Random, wave: Wave) -> Wave:
    """Gains that differ from moment to moment and from band to band."""
    size, step = 512, 256
    window = np.hanning(size + 1)[:size]
    padded = np.pad(wave, (0, 2 * size))
    result = np.zeros_like(padded)
    for start in range(0, len(wave), step):
        spectrum = np.fft.rfft(padded[start : start + size] * window)
        gains = 10 ** (
            np.interp(np.arange(257), np.arange(0, 272, 16), random.uniform(-25, 0, 17)) / 20
        )
        result[start : start + size] += np.fft.irfft(spectrum * gains)
    return result[: len(wave)]


def background(random: Random, count: int) -> Wave:
    """Room noise, mostly low; between barely there and clearly audible."""
    fall = random.uniform(10, 40)
    noise = shaped(random, count / RATE + 0.01, {0: 0, 200: 0, 8000: -fall})[:count]
    return levelled(noise, random.uniform(-78, -52))


def quantised(wave: Wave) -> npt.NDArray[np.int16]:
    return np.round(np.clip(wave, -1, 1) * 32_767).astype(np.int16)
