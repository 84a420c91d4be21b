"""The thinker: reads a prompt with all its media, then writes token by token.

Encoders and prefill are Transformers' modules, the steps ours. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from thinktalk.engines.qwen_omni import encoders
from thinktalk.engines.qwen_omni.cache import Cache, Rows
from thinktalk.engines.qwen_omni.graphs import Capture
from thinktalk.engines.qwen_omni.layers import Stack
from thinktalk.engines.qwen_omni.positions import Positions
from thinktalk.engines.qwen_omni.prefill import Prefill
from thinktalk.engines.qwen_omni.steps import Steps

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import Prompt

_SOUND, _PICTURES, _FRAMES = "input_features", "pixel_values", "pixel_values_videos"


@dataclass(slots=True, eq=False)
class Reading:
    """What is left of a prompt of n tokens once it has been read.

    Attributes:
        scores: of the first token of the reply, (vocabulary_size,).
        position: rotary position of that token.
        media: which tokens stand for media, (n,), on the processor.
        heard: hidden states of those at the layer that the talker takes them from,
            (num_media, hidden_size).
    """

    scores: Tensor
    position: float
    media: Tensor
    heard: Tensor


@dataclass(slots=True, eq=False)
class _Embedded:
    """A prompt as vectors (1, n, hidden_size), and what is added to its pictures' later.

    `seen` (1, n) says which tokens are pictures, `deep` holds per layer (num_seen, hidden_size).
    """

    vectors: Tensor
    seen: Tensor | None = None
    deep: list[Tensor] | None = None


class Thinker:
    """Up to `slots` conversations of up to `capacity` tokens.

    Args:
        module: Transformers' thinker.
        accept_layer: how many layers media pass before the talker takes them; None without talker.
        capture: makes CUDA graphs, where there are to be any.
    """

    def __init__(
        self,
        module: Any,
        *,
        slots: int,
        capacity: int,
        accept_layer: int | None,
        capture: Capture | None = None,
    ) -> None:
        self._module, self._config = module, module.config
        model = module.model
        self._language = model.language_model
        self._accept = accept_layer
        stack = Stack(self._language)
        self.embedding = model.get_input_embeddings().weight.detach()
        self._head = module.lm_head.weight.detach()
        text = self._config.text_config
        self.cache = Cache(
            stack.devices,
            self.embedding.dtype,
            slots=slots,
            capacity=capacity,
            num_kv_heads=text.num_key_value_heads,
            head_dim=self._language.layers[0].self_attn.head_dim,
        )
        self._steps = Steps(stack, self.cache, capture)

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    def read(
        self, prompt: Prompt, slot: int, piece_tokens: Callable[[], int]
    ) -> Iterator[Reading | None]:
        """Read a prompt into a slot, yielding None between pieces and last of all the reading.

        `piece_tokens` is asked before each piece: so many tokens it reads, or encodes about.
        """
        ids = prompt.input_ids.to(self.device)
        positions = Positions.of_thinker(self._module, prompt)
        embedded = _Embedded(F.embedding(ids, self.embedding))
        for _ in self._encode(prompt, embedded, piece_tokens):
            yield None
        media = self._is_media(prompt.input_ids[0])
        prefill = Prefill(self._language, self.cache, slot, positions.coordinates)
        kept, end, num_tokens = [], 0, ids.shape[1]
        while end < num_tokens:
            start, end = end, min(end + piece_tokens(), num_tokens)
            last, accepted = self._prefilled(prefill, embedded, start, end)
            if accepted is not None:
                kept.append(accepted[media[start:end].to(accepted.device)])
            if end < num_tokens:
                yield None
        scores = F.linear(last.to(self._head.device), self._head)
        heard = torch.cat(kept) if kept else self.embedding[:0]
        yield Reading(scores, positions.following, media, heard)

    def settle(self) -> None:
        """Wait until the device has done what it was given: a card works on behind the host."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def step(self, tokens: list[int], rows: Rows) -> Tensor:
        """Scores of what follows one more token per row: (num_rows, vocabulary_size)."""
        ids = torch.tensor(tokens, device=self.device)
        hidden = self._steps(F.embedding(ids, self.embedding), rows)
        return F.linear(hidden.to(self._head.device), self._head)

    def prepare(self) -> None:
        """Set up what the first step would otherwise wait for."""
        self._steps.capture(self.embedding[:1])

    def _encode(
        self, prompt: Prompt, embedded: _Embedded, piece_tokens: Callable[[], int]
    ) -> Iterator[None]:
        """Put what the encoders make of media in their places, one kind after the other."""
        model, config, features = self._module.model, self._config, prompt.features
        ids = prompt.input_ids[0]
        if _SOUND in features:
            mask, found = features["feature_attention_mask"], []
            for heard in encoders.heard(model.audio_tower, features[_SOUND], mask, piece_tokens):
                found.append(heard)
                yield
            self._place(embedded, ids == config.audio_token_id, torch.cat(found))
        looks = []
        for name, grids, token in (
            (_PICTURES, "image_grid_thw", config.image_token_id),
            (_FRAMES, "video_grid_thw", config.video_token_id),
        ):
            if name not in features:
                continue
            tokens, deep = [], []
            for seen, added in encoders.seen(
                model.visual, features[name], features[grids], piece_tokens
            ):
                tokens.append(seen)
                deep.append(added)
                yield
            self._place(embedded, ids == token, torch.cat(tokens))
            layers = [torch.cat(pieces).to(self.device) for pieces in zip(*deep, strict=True)]
            looks.append(((ids == token).to(self.device), layers))
        if looks:
            self._deepen(embedded, looks)

    def _place(self, embedded: _Embedded, where: Tensor, what: Tensor) -> None:
        """Vectors `what`, in the order of the prompt, for the tokens `where` (n,)."""
        embedded.vectors[0, where.to(self.device)] = what.to(embedded.vectors)

    def _deepen(self, embedded: _Embedded, looks: list[tuple[Tensor, list[Tensor]]]) -> None:
        """Join what pictures and frames add to early layers, in the order of the prompt."""
        seen = torch.stack([where for where, _ in looks]).any(0)
        deep = []
        for layers in zip(*(layers for _, layers in looks), strict=True):
            joined = layers[0].new_empty(int(seen.sum()), layers[0].shape[-1])
            for (where, _), features in zip(looks, layers, strict=True):
                joined[where[seen]] = features
            deep.append(joined)
        embedded.seen, embedded.deep = seen[None], deep

    def _prefilled(
        self, prefill: Prefill, embedded: _Embedded, start: int, end: int
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens `start` to `end`: the last hidden state, and those that the talker takes."""
        deep = seen = None
        if embedded.seen is not None and embedded.deep is not None:
            seen = embedded.seen[:, start:end]
            before, here = int(embedded.seen[:, :start].sum()), int(seen.sum())
            deep = [layer[before : before + here] for layer in embedded.deep]
        result = prefill(
            embedded.vectors[:, start:end],
            visual_pos_masks=seen,
            deepstack_visual_embeds=deep,
            output_hidden_states=[] if self._accept is None else [self._accept],
        )
        accepted = None if self._accept is None else result.hidden_states[self._accept][0]
        return result.last_hidden_state[0, -1], accepted

    def _is_media(self, ids: Tensor) -> Tensor:
        config = self._config
        kinds = (config.audio_token_id, config.image_token_id, config.video_token_id)
        return torch.isin(ids, torch.tensor(kinds))
