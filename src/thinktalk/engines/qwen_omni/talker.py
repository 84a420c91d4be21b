"""The talker: reads what the user said and the reply as it is written, and speaks it in codes.

It is told of user turns only: text as the thinker's embeddings, media as the thinker's hidden
states. Of the reply it gets one token per frame of 80 ms, then the mark of its end, then padding;
so it begins once there is one token. Earlier answers and system messages never reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from thinktalk.engines.qwen_omni.cache import Cache, Rows
from thinktalk.engines.qwen_omni.code_predictor import SAMPLED, CodePredictor
from thinktalk.engines.qwen_omni.graphs import Capture, bucket, sizes
from thinktalk.engines.qwen_omni.layers import Stack
from thinktalk.engines.qwen_omni.positions import Positions
from thinktalk.engines.qwen_omni.prefill import Prefill
from thinktalk.engines.qwen_omni.sampling import Drawing, draw, repelled
from thinktalk.engines.qwen_omni.steps import Steps

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import Prompt
    from thinktalk.engines.qwen_omni.thinker import Reading

_NUM_CONTROLS = 1024  # the last ids of the talker's vocabulary; of them only the end is drawn
_NUM_HEAD = 3  # tokens that open the assistant's turn
_NUM_OPENING = 9  # with those of the codes, and the first of the reply


@dataclass(frozen=True, slots=True)
class Speaking:
    """How codes are drawn; the defaults are those of `generate` of Transformers (5.24)."""

    drawing: Drawing = field(default_factory=lambda: Drawing(temperature=0.9, top_k=50))
    repetition_penalty: float = 1.05

    @property
    def is_greedy(self) -> bool:
        return self.drawing.temperature == 0


GREEDY = Speaking(Drawing(temperature=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What the talker stands at once it has read a prompt and the reply's first token.

    `hidden` is (1, hidden_size), from which the first frame is made; `length` tokens are in its
    cache, the next of them at `position`.
    """

    hidden: Tensor
    length: int
    position: float


class Talker:
    """Speaks in up to `slots` conversations of up to `capacity` tokens and frames.

    Args:
        model: Transformers' whole model.
        capture: makes CUDA graphs, where there are to be any.
    """

    def __init__(
        self,
        model: Any,
        speaking: Speaking,
        *,
        slots: int,
        capacity: int,
        capture: Capture | None = None,
    ) -> None:
        module = model.talker
        self._module, self._ids = module, model.config
        self._config = module.config
        self._thinker_embedding = model.thinker.get_input_embeddings().weight.detach()
        self._embedding = module.get_input_embeddings().weight.detach()
        self._head = module.codec_head.weight.detach()
        stack = Stack(module.model)
        self._speaking = speaking
        is_greedy = speaking.drawing.temperature == 0
        self._predictor = CodePredictor(
            module.code_predictor, speaking.drawing if is_greedy else SAMPLED
        )
        text = self._config.text_config
        self.cache = Cache(
            stack.devices,
            self._embedding.dtype,
            slots=slots,
            capacity=capacity + _NUM_OPENING,  # so much more than the thinker it may read
            num_kv_heads=text.num_key_value_heads,
            head_dim=module.model.layers[0].self_attn.head_dim,
        )
        self._steps = Steps(stack, self.cache, capture)
        self._graphs = None if capture is None else capture(self._frame)
        self.end_code: int = self._config.codec_eos_token_id
        self.num_codes = self._predictor.num_codes + 1
        self._said = torch.zeros(slots + 1, text.vocab_size, dtype=torch.bool, device=self.device)
        self._is_drawn = torch.ones(text.vocab_size, dtype=torch.bool, device=self.device)
        self._is_drawn[-_NUM_CONTROLS:] = False
        self._is_drawn[self.end_code] = True
        marks = (self._ids.tts_bos_token_id, self._ids.tts_eos_token_id, self._ids.tts_pad_token_id)
        self._begin, self.end, self.padding = self.tell(marks).unsqueeze(1)

    @property
    def device(self) -> torch.device:
        return self._embedding.device

    def tell(self, tokens: Sequence[int]) -> Tensor:
        """Tokens of text as the talker takes them, (n, hidden_size)."""
        ids = torch.tensor(tokens, dtype=torch.long, device=self._thinker_embedding.device)
        vectors = F.embedding(ids, self._thinker_embedding)
        return self._module.text_projection(vectors.to(self.device))

    def read(
        self,
        prompt: Prompt,
        reading: Reading,
        first_token: int,
        speaker: int,
        slot: int,
        piece_tokens: Callable[[], int],
    ) -> Iterator[Opening | None]:
        """Read the user's turns, as the thinker understood them, and the reply's first token.

        Yields as `Thinker.read` does, last of all the opening.
        """
        ids = prompt.input_ids[0]
        is_user = self._of_user(ids)
        vectors = torch.cat(
            (
                self._of_turns(ids, is_user, reading),
                self._opening_turn(ids, first_token, speaker),
            )
        )[None]
        padding = torch.full((_NUM_OPENING,), self._ids.tts_pad_token_id)
        told = torch.cat((ids[is_user], padding))[None]
        positions = Positions.of_talker(self._module, told, prompt)
        prefill = Prefill(self._module.model, self.cache, slot, positions.coordinates)
        end, length = 0, vectors.shape[1]
        while end < length:
            start, end = end, min(end + piece_tokens(), length)
            hidden = prefill(vectors[:, start:end]).last_hidden_state[:, -1]
            if end < length:
                yield None
        self._said[slot] = False
        yield Opening(hidden, length, positions.following)

    def frame(self, hidden: Tensor, slots: Sequence[int], numbers: Tensor) -> tuple[Tensor, Tensor]:
        """One frame of each row.

        Args:
            hidden: (num_rows, hidden_size).
            slots: whose they are; what they have said before is a little less likely.
            numbers: that decide the draws, (num_rows, num_codes).
        Returns:
            Codes (num_rows, num_codes), which mean nothing where the first is `end_code`, and the
            sum of their embeddings (num_rows, hidden_size).
        """
        rows = torch.tensor(slots, device=self.device)
        if self._graphs is None:
            return self._frame(None, hidden, rows, numbers)
        more = bucket(len(hidden)) - len(hidden)
        hidden, numbers = F.pad(hidden, (0, 0, 0, more)), F.pad(numbers, (0, 0, 0, more))
        rows = F.pad(rows, (0, more), value=self.cache.slots)
        codes, spoken = self._graphs(len(rows), hidden, rows, numbers)
        return codes[: len(slots)], spoken[: len(slots)]

    def step(self, vectors: Tensor, rows: Rows) -> Tensor:
        """Hidden states (num_rows, hidden_size) after one more frame and token of each row.

        `vectors` are the frame's embeddings, summed, plus what the talker is told with it.
        """
        return self._steps(vectors, rows)

    def prepare(self) -> None:
        """Set up what the first step and frame would otherwise wait for."""
        self._steps.capture(self.padding)
        if self._graphs is not None:
            for count in sizes(1, self.cache.slots):
                numbers = torch.zeros(count, self.num_codes, device=self.device)
                self.frame(self.padding.repeat(count, 1), [self.cache.slots] * count, numbers)

    def _frame(
        self, size: Hashable, hidden: Tensor, rows: Tensor, numbers: Tensor
    ) -> tuple[Tensor, Tensor]:
        scores = F.linear(hidden, self._head).float()
        penalty = self._speaking.repetition_penalty
        scores = torch.where(self._said[rows], repelled(scores, penalty), scores)
        scores = scores.masked_fill(~self._is_drawn, -torch.inf)
        first = draw(scores, numbers[:, 0], self._speaking.drawing)
        self._said[rows, first] = True
        embedded = F.embedding(first, self._embedding)
        others, spoken = self._predictor(hidden, embedded, numbers[:, 1:])
        return torch.cat((first[:, None], others), 1), spoken

    def _of_user(self, ids: Tensor) -> Tensor:
        """Which tokens belong to turns of the user, marks included."""
        place = torch.arange(len(ids))
        start = torch.where(ids == self._ids.im_start_token_id, place, -1).cummax(0).values
        role = ids[(start.clamp_min(0) + 1).clamp_max(len(ids) - 1)]
        return (role == self._ids.user_token_id) & (start >= 0)

    def _of_turns(self, ids: Tensor, is_user: Tensor, reading: Reading) -> Tensor:
        """Vectors of the user's turns: text as embeddings, media as what the thinker made of it."""
        media = reading.media
        vectors = self._embedding.new_empty(len(ids), self._embedding.shape[1])
        is_text = is_user & ~media
        vectors[is_text.to(self.device)] = self.tell(ids[is_text].tolist())
        if media.any():
            heard = self._module.hidden_projection(reading.heard.to(self.device))
            vectors[media.to(self.device)] = heard
        return vectors[is_user.to(self.device)]

    def _opening_turn(self, ids: Tensor, first_token: int, speaker: int) -> Tensor:
        """Vectors of how the assistant's turn begins, codes and text side by side."""
        config = self._config
        starts = (ids == self._ids.im_start_token_id).nonzero().flatten()
        head = self.tell(ids[starts[-1] : starts[-1] + _NUM_HEAD].tolist())
        text = torch.cat((self.padding.expand(4, -1), self._begin, self.tell((first_token,))))
        codes = (
            config.codec_nothink_id,
            config.codec_think_bos_id,
            config.codec_think_eos_id,
            speaker,
            config.codec_pad_id,
            config.codec_bos_id,
        )
        codes = F.embedding(torch.tensor(codes, device=self.device), self._embedding)
        return torch.cat((head, text + codes))
