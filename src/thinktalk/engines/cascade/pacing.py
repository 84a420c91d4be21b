"""When the next piece must be spoken and how long it may be, so that the player never waits.

The first piece is short, to be heard soon; each later one may be as long as its synthesis fits into
what is still playing, and at most twice as long as the one before: a guess about a long piece that
proves wrong costs more than a short one. Pure arithmetic on the caller's clock; knows nothing of
text or sound.
"""

from __future__ import annotations

from thinktalk.engines.cascade.lead import PlaybackClock

FIRST_WORDS = 4  # five were heard a tenth of a second later; with four, none of 20 replies starved
_FEWEST_WORDS, _MOST_WORDS = 4, 22
# First guesses for two cores; measured values replace them after the first piece.
_S_PER_WORD, _REAL_TIME_FACTOR = 0.36, 0.2
_SMOOTHING = 0.4
# What a synthesis takes besides its sound, and what other work may hold the processor for.
_FIXED_S, _MARGIN_S = 0.06, 0.2
_WORST_CASE = 1.3  # times the expected work; one piece of 35 took longer
_GROWTH = 2  # times the words of the piece before


class Pacing:
    """Paces one reply. Estimates outlive it: pass `after` to start from another's.

    Attributes:
        real_time_factor: seconds of work for a second of sound, a running average.
    """

    def __init__(self, after: Pacing | None = None) -> None:
        self._player = PlaybackClock()
        self._last_words = FIRST_WORDS
        self._s_per_word: float = after._s_per_word if after else _S_PER_WORD
        self.real_time_factor: float = after.real_time_factor if after else _REAL_TIME_FACTOR

    @property
    def started(self) -> bool:
        """Whether anything was spoken yet."""
        return self._player.started

    def affordable_words(self, now: float) -> int:
        """How many words can be synthesised before the player runs dry."""
        if not self.started:
            return FIRST_WORDS
        spare_s = (self._player.lead_s(now) - _MARGIN_S) / _WORST_CASE - _FIXED_S
        words = int(spare_s / (self._s_per_word * self.real_time_factor))
        return max(_FEWEST_WORDS, min(_MOST_WORDS, _GROWTH * self._last_words, words))

    def latest_start(self, num_words: int) -> float | None:
        """When the synthesis of `num_words` must begin; None for at once."""
        dry_at = self._player.runs_dry_at()
        if dry_at is None:
            return None
        return dry_at - _WORST_CASE * self.work_s(num_words) - _MARGIN_S

    def work_s(self, num_words: int) -> float:
        """Expected seconds of work for `num_words`."""
        return _FIXED_S + num_words * self._s_per_word * self.real_time_factor

    def spoke(self, num_words: int, duration_s: float, took_s: float, now: float) -> float:
        """Count a piece that was sent at `now`: `duration_s` of sound that `took_s` to make.

        Returns when the player will have played it.
        """
        dry_at = self._player.sent(duration_s, now)
        self._last_words = max(_FEWEST_WORDS, num_words)
        if num_words and duration_s > 0:
            factor = max(0.0, took_s - _FIXED_S) / duration_s
            self.real_time_factor += _SMOOTHING * (factor - self.real_time_factor)
            self._s_per_word += _SMOOTHING * (duration_s / num_words - self._s_per_word)
        return dry_at
