"""What speaks, the talker and code2wav together: several speeches, each in a slot of both.

Says how a speech goes on, not when: that the scheduler decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from thinktalk.engines.qwen_omni.cache import Rows
from thinktalk.engines.qwen_omni.code2wav import Code2Wav
from thinktalk.engines.qwen_omni.reply import Sound
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import Talker

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import Prompt
    from thinktalk.engines.qwen_omni.thinker import Reading


@dataclass(frozen=True, slots=True)
class Voice:
    """A text-only checkpoint has none."""

    talker: Talker
    code2wav: Code2Wav

    def open(
        self,
        speech: Speech,
        prompt: Prompt,
        reading: Reading,
        slot: int,
        piece_tokens: Callable[[], int],
    ) -> Iterator[None]:
        """Let the talker read the prompt and the first token to speak; pauses between pieces."""
        self.code2wav.clear(slot)
        first, speaker = speech.untold_ids[0], speech.speaker
        for opening in self.talker.read(prompt, reading, first, speaker, slot, piece_tokens):
            if opening is None:
                yield
                continue
            speech.open(opening)
            others = speech.untold_ids[1:]
            speech.untold_ids.clear()
            self._give(speech, others)

    def tell(self, speech: Speech, tokens: Sequence[int], *, is_all: bool) -> None:
        """Tokens to speak, which wait where the talker has not begun; `is_all`: no more come."""
        speech.num_tokens += len(tokens)
        speech.is_all_known = is_all
        if speech.is_open:
            self._give(speech, tokens)
        else:
            speech.untold_ids.extend(tokens)

    def frame(self, speaking: Sequence[tuple[int, Speech]]) -> None:
        """One frame more of each, by slot."""
        self._step([(slot, speech) for slot, speech in speaking if speech.hidden is None])
        hidden = torch.cat([s.hidden for _, s in speaking if s.hidden is not None])
        drawn = np.array([s.numbers.random(self.talker.num_codes) for _, s in speaking])
        numbers = torch.from_numpy(drawn).to(hidden.device, torch.float32)
        codes, spoken = self.talker.frame(hidden, [slot for slot, _ in speaking], numbers)
        firsts = codes[:, 0].tolist()
        for row, (_, speech) in enumerate(speaking):
            if firsts[row] == self.talker.end_code:
                speech.has_ended = True
            else:
                speech.add(codes[row], spoken[row, None])

    def sounds(self, speech: Speech, slot: int) -> Iterator[Sound]:
        """What is to be sounded of it now."""
        while (codes := speech.take_chunk()) is not None:
            start = speech.num_sounded
            samples = self.code2wav(codes, slot, start)
            if start == 0:
                samples = samples[self.code2wav.num_missing :]
            speech.sounded(codes.shape[1])
            yield Sound(samples.float().cpu().numpy(), speech.is_silent)

    def _give(self, speech: Speech, tokens: Sequence[int]) -> None:
        """Tokens as the talker takes them, and the mark of the end behind the last."""
        if tokens:
            speech.untold.extend(self.talker.tell(tokens).split(1))
        if speech.is_all_known and not speech.is_all_told:
            speech.untold.append(self.talker.end)
            speech.is_all_told = True

    def _step(self, speaking: Sequence[tuple[int, Speech]]) -> None:
        if not speaking:
            return
        talker = self.talker
        vectors = torch.cat([speech.tell(talker.padding) for _, speech in speaking])
        hidden = talker.step(vectors, Rows.joined([speech.row(slot) for slot, speech in speaking]))
        for (_, speech), row in zip(speaking, hidden, strict=True):
            speech.advance(row[None])
