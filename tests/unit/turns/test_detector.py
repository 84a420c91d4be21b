"""When somebody begins to speak, rests, goes on and has ended."""

from __future__ import annotations

from thinktalk.media.activity import WINDOW_S
from thinktalk.turns.detector import DetectorRules, Signal, TurnDetector

RULES = DetectorRules(threshold=0.5, rest_ms=160, silence_ms=480)


def signals(detector: TurnDetector, *stretches: tuple[int, float]) -> list[tuple[int, Signal]]:
    """What is said at which window, for stretches of (number of windows, probability)."""
    found = []
    windows = [p for count, p in stretches for _ in range(count)]
    for number, probability in enumerate(windows, 1):
        if (signal := detector.push(probability)) is not None:
            found.append((number, signal))
    return found


def test_a_turn_with_a_pause_in_it_is_one_turn() -> None:
    detector = TurnDetector(RULES)
    got = signals(detector, (10, 0.0), (20, 0.9), (8, 0.1), (10, 0.9), (20, 0.1))
    assert [signal for _, signal in got] == [
        Signal.ONSET,
        Signal.REST,
        Signal.RESUMED,
        Signal.REST,
        Signal.END,
    ]
    assert got[0][0] == 12 and got[-1][0] == 48 + 15


def test_one_loud_window_is_no_speech() -> None:
    assert signals(TurnDetector(RULES), (5, 0.0), (1, 1.0), (5, 0.0), (1, 1.0), (5, 0.0)) == []


def test_onset_and_end_are_told_where_they_were() -> None:
    detector = TurnDetector(RULES)
    signals(detector, (10, 0.0), (20, 0.9), (5, 0.0))
    assert detector.onset_s == 10 * WINDOW_S
    assert detector.end_s == 30 * WINDOW_S
    assert detector.is_resting


def test_patience_may_change_while_somebody_rests() -> None:
    detector = TurnDetector(RULES)
    signals(detector, (20, 0.9), (6, 0.1))
    detector.patience_ms = 200
    assert signals(detector, (1, 0.1)) == [(1, Signal.END)]
    signals(detector, (20, 0.9), (6, 0.1))
    detector.patience_ms = 2_000
    assert signals(detector, (40, 0.1)) == []
    # The next turn begins with the usual patience.
    assert detector.push(0.9) is Signal.RESUMED
    detector.reset()
    assert detector.patience_ms == RULES.silence_ms


def test_between_the_thresholds_speech_stays_speech_and_silence_silence() -> None:
    detector = TurnDetector(RULES)
    assert signals(detector, (20, 0.9), (30, 0.4)) == [(2, Signal.ONSET)]
    assert signals(detector, (5, 0.1), (10, 0.4)) == [(5, Signal.REST), (15, Signal.END)]
