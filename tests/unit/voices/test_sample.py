"""A voice sample is measured, advised on, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.voices import sample

RATE = 24_000
Wave = npt.NDArray[np.float64]


def voice(
    duration_s: float, pitch_hz: float = 120.0, noise: float = 0.0005, gain: float = 0.15
) -> Audio:
    """Syllables: hiss, then a vowel that falls in pitch and swells; a breath after every eighth."""
    rng = np.random.default_rng(1)
    pieces, length = [], 0
    while length < duration_s * RATE:
        size = int(rng.uniform(0.12, 0.25) * RATE)
        time_s = np.arange(size) / RATE
        pitch = pitch_hz * rng.uniform(0.9, 1.15) * (1 - 0.15 * time_s / time_s[-1])
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        vowel = sum(np.sin(k * phase) / k for k in range(1, 12))
        swell = np.clip((time_s[-1] - time_s) / 0.01, 0, 1) * (0.4 + 0.6 * time_s / time_s[-1])
        hiss = 0.3 * rng.normal(0, 1, int(0.04 * RATE))
        breath = np.zeros(int((0.4 if len(pieces) % 8 == 7 else 0.03) * RATE))
        stress = rng.uniform(0.4, 1.0)
        pieces.append(np.concatenate([hiss, stress * vowel * swell, breath]))
        length += len(pieces[-1])
    speech = gain * np.concatenate(pieces)[: int(duration_s * RATE)]
    samples = speech + noise * rng.normal(0, 1, len(speech))
    return Audio(np.clip(samples, -1, 1).astype(np.float32), RATE)


def with_sound(audio: Audio, sound: Wave) -> Audio:
    return replace(audio, samples=(audio.samples + sound[: len(audio.samples)]).astype(np.float32))


def hum(duration_s: float, level: float) -> Wave:
    time_s = np.arange(int(duration_s * RATE)) / RATE
    wave: Wave = level * sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in (1, 2, 3))
    return wave


def chords(duration_s: float, level: float) -> Wave:
    """Three notes at a time, held for a second."""
    time_s = np.arange(RATE) / RATE
    played = [
        sum(np.sin(2 * np.pi * root * ratio * time_s) for ratio in (1, 1.26, 1.5)) / 3
        for root in (220.0, 262.0, 196.0, 294.0)
    ]
    return level * np.resize(np.concatenate(played), int(duration_s * RATE))


def in_a_hall(audio: Audio) -> Audio:
    """With a tail of noise that falls by 60 dB in a second, as loud as the sound itself."""
    time_s = np.arange(RATE) / RATE
    tail = np.random.default_rng(2).standard_normal(RATE) * 10 ** (-3 * time_s)
    response = np.concatenate([[1.0], tail[100:] / np.sqrt((tail**2).sum())])
    size = 1 << 20
    spectrum = np.fft.rfft(audio.samples, size) * np.fft.rfft(response, size)
    wave = np.fft.irfft(spectrum)[: len(audio.samples)]
    return replace(audio, samples=(0.5 * wave).astype(np.float32))


def joined(*parts: Audio) -> Audio:
    return Audio(np.concatenate([part.samples for part in parts]), RATE)


def silence(duration_s: float) -> Audio:
    return Audio(np.zeros(int(duration_s * RATE), np.float32), RATE)


FAULTY = {
    "short": voice(6),
    "pause": joined(voice(8), silence(3), voice(8)),
    "low_rate": resample(resample(voice(20), 8_000), RATE),
    "quiet": voice(20, gain=0.003, noise=1e-5),
    "noise": voice(20, noise=0.05),
    "clipping": voice(20, gain=3.0),
    "offset": with_sound(voice(20), np.full(20 * RATE, 0.05)),
    "hum": with_sound(voice(20), hum(20, 0.01)),
    "music": with_sound(voice(20), chords(20, 0.08)),
    "reverberation": in_a_hall(voice(20)),
    "speakers": joined(voice(10, 95), voice(10, 230)),
}


@pytest.mark.parametrize("pitch_hz", [85.0, 120.0, 180.0, 240.0])
def test_the_pitch_is_measured(pitch_hz: float) -> None:
    assert sample.check(voice(6, pitch_hz)).pitch_hz == pytest.approx(pitch_hz, rel=0.03)


@pytest.mark.parametrize("pitch_hz", [95.0, 120.0, 180.0, 230.0])
def test_a_clean_sample_needs_no_advice(pitch_hz: float) -> None:
    assert sample.check(voice(20, pitch_hz), source_rate=RATE).advice == ()


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_found(fault: str) -> None:
    found = [fault.name for fault in sample.check(FAULTY[fault]).faults]
    assert fault in found


def test_advice_has_numbers_and_says_what_to_do() -> None:
    report = sample.check(voice(6))
    assert 5 < report.speech_s <= 6
    assert report.advice == (
        f"{report.speech_s:.1f} s of speech: at least 15 s gives a better voice",
    )
    report = sample.check(FAULTY["noise"])
    assert report.snr_db < 20
    assert any("quiet room or pass denoise" in line for line in report.advice)


def test_a_file_of_a_low_rate_is_told_by_its_rate() -> None:
    (advice,) = sample.check(FAULTY["low_rate"], source_rate=8_000).advice
    assert "8000 Hz" in advice


def test_a_low_rate_is_refused_only_in_strict_mode() -> None:
    sample.check(voice(12), source_rate=16_000)
    with pytest.raises(VoiceSampleRefused, match="16000 Hz; at least 24000 Hz") as refused:
        sample.check(voice(12), source_rate=16_000, strict=True)
    assert refused.value.code == "Audio.AudioRateError"


@pytest.mark.parametrize(
    ("audio", "code", "reason"),
    [
        (voice(2), "Audio.PreprocessError", "2.0 s of speech; at least 3 s"),
        (voice(61), "Audio.DurationLimitError", "61.0 s; the limit is 60 s"),
        (silence(10), "Audio.PreprocessError", "silent"),
        (silence(0), "Audio.PreprocessError", "silent"),
        (voice(10, gain=0.0, noise=0.1), "Audio.PreprocessError", "no voice"),
    ],
    ids=["too short", "too long", "silent", "empty", "only noise"],
)
def test_what_cannot_work_is_refused_with_its_code(audio: Audio, code: str, reason: str) -> None:
    with pytest.raises(VoiceSampleRefused, match=reason) as refused:
        sample.check(audio)
    assert refused.value.code == code


def test_embeddings_tell_speakers_of_one_pitch_apart() -> None:
    def embed(speech: Audio) -> npt.NDArray[np.float32]:
        """By timbre alone: whether there is much above 800 Hz."""
        windows = speech.samples[: 8 * (len(speech.samples) // 8)].reshape(8, -1)
        powers = np.abs(np.fft.rfft(windows, axis=1)) ** 2
        split = round(800 * windows.shape[1] / speech.sample_rate)
        is_bright = powers[:, split:].sum(1) > 0.02 * powers.sum(1)
        return np.where(is_bright[:, None], [1, 0], [0.6, 0.8]).astype(np.float32)

    bright = voice(10)
    dull = replace(
        bright, samples=np.convolve(bright.samples, np.ones(60) / 20, "same").astype(np.float32)
    )
    one = sample.check(joined(bright, bright), embed=embed)
    two = sample.check(joined(bright, dull), embed=embed)
    assert one.likeness is not None and two.likeness is not None
    assert (one.likeness, two.likeness) == (pytest.approx(1.0), pytest.approx(0.6, abs=0.1))
    assert [fault.name for fault in two.faults] == ["speakers"]


def test_a_checker_uses_what_it_finds_at_that_moment() -> None:
    found: list[str] = []

    def embed(speech: Audio) -> npt.NDArray[np.float32]:
        found.append("embed")
        return np.full((6, 4), 0.5, np.float32)

    checker = sample.SampleChecker(find_embed=lambda: embed if found else None)
    assert checker.check(voice(12)).likeness is None
    found.append("pulled")
    assert checker.check(voice(12)).likeness == pytest.approx(1.0)


def test_speech_off_centre_in_itself_is_no_fault() -> None:
    lopsided = voice(20)
    pushed = lopsided.samples + 0.02 * (np.abs(lopsided.samples) > 0.01)
    assert sample.check(replace(lopsided, samples=pushed.astype(np.float32))).advice == ()


def test_denoising_is_used_where_it_gains() -> None:
    noisy, clean = voice(20, noise=0.05), voice(20)
    checker = sample.SampleChecker(denoise=lambda audio: clean)
    audio, report = checker.clean(noisy, checker.check(noisy))
    assert audio is clean
    told = report.figures()["denoising"]
    assert told["used"] and told["snr_after_db"] > told["snr_before_db"] + 10
    assert told["snr_after_db"] == report.figures()["snr_db"]


@pytest.mark.parametrize(
    "cleaned",
    [voice(20), silence(20), joined(voice(8), silence(12))],
    ids=["no gain", "nothing left", "speech lost"],
)
def test_denoising_is_left_out_where_it_gains_nothing(cleaned: Audio) -> None:
    given = voice(20)
    checker = sample.SampleChecker(denoise=lambda audio: cleaned)
    audio, report = checker.clean(given, checker.check(given))
    assert audio is given
    assert report.advice == ()
    assert report.figures()["denoising"]["used"] is False


def test_a_deep_sample_gets_a_man_and_a_high_one_a_woman() -> None:
    assert sample.closest_voice(sample.check(voice(12, 100.0))).gender == "male"
    assert sample.closest_voice(sample.check(voice(12, 215.0))).gender == "female"


def test_the_report_says_that_nothing_was_copied() -> None:
    report = sample.check(voice(12))
    told = sample.told(report, sample.closest_voice(report))
    assert "not copied" in told["method"]
    assert told["faults"] == []
