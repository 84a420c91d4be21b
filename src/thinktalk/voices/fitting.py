"""The seam of cloning: from a sample to whatever a talker needs to sound like it.

Fitters live with the talkers they fit for. Knows nothing of synthesisers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from thinktalk.media.types import Audio

Effort = Literal["quick", "thorough"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceFit:
    """A voice that a talker can speak with.

    Attributes:
        fitter: the `VoiceFitter.name` that made it; only its talker can read `data`.
        data: in the talker's own form: of a matched style a few kilobytes with none of the sample's
            sound, of a native cloner some megabytes that may hold it (`facts["holds_sample"]`).
        similarity: cosine between speaker embeddings of the sample and of speech in this voice, by
            the fitter's own encoder; None where the fitter has none.
        facts: what else a report should say.
    """

    fitter: str
    data: bytes
    similarity: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class VoiceFitter(Protocol):
    """Fits a talker to a sample."""

    @property
    def name(self) -> str:
        """Names the talker, the method and its version: a fit of another name has to be redone."""
        ...

    @property
    def method(self) -> str:
        """What it does in plain words, such as "closest style of Kokoro, found by search"."""
        ...

    async def fit(
        self,
        sample: Audio,
        *,
        effort: Effort,
        text: str | None = None,
        start: VoiceFit | None = None,
    ) -> VoiceFit:
        """Return a voice that sounds like `sample`.

        Args:
            sample: checked speech at 24 kHz, 3 to 60 s.
            effort: `quick` answers within seconds; `thorough` may take minutes and gives way to
                everything else that wants the processor.
            text: what the sample says, where it is known.
            start: an earlier fit of the same sample: the result is at least as good, as far as
                the fitter can tell.

        Cancelling stops the work.
        """
        ...
