"""How much silence ends a turn, as more and more is known of what was said."""

from __future__ import annotations

from dataclasses import dataclass

from thinktalk.session.config import TurnRules
from thinktalk.turns.endpoint import patience_ms
from thinktalk.turns.wording import Wording


@dataclass(slots=True)
class Patience:
    """`prosody` and `wording` are None until they are known."""

    rules: TurnRules
    prosody: float | None = None
    wording: Wording | None = None

    @property
    def ms(self) -> float:
        """Of silence, since the end of speech."""
        if not self.rules.is_semantic:
            return self.rules.silence_ms or 0.0
        return patience_ms(
            prosody=self.prosody,
            wording=self.wording,
            eagerness=self.rules.eagerness,
            silence_ms=self.rules.silence_ms,
        )
