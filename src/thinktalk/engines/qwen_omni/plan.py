"""The memory plan: what a checkpoint, its conversations and the work on them take, before loading.

Weights and caches are counted exactly. Working memory is an estimate, and says what it contains;
what loading takes for a moment is not in it. Knows nothing of how things are loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from thinktalk.engines.qwen_omni import device
from thinktalk.engines.qwen_omni.checkpoint import Checkpoint
from thinktalk.engines.qwen_omni.pacing import WHOLE_TOKENS
from thinktalk.engines.qwen_omni.parts import EXPERTS, Sizes, sizes, sizes_by_config
from thinktalk.engines.qwen_omni.shapes import Shapes
from thinktalk.errors import DoesNotFit
from thinktalk.settings import QwenOmniSettings

_BYTES = {"bfloat16": 2.0, "float16": 2.0, "float32": 4.0}
_FILE_DTYPES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
# Of a weight of an expert. Scales take two bytes: with int8 one for each row, of 768 columns at
# least, with int4 one for each 128 columns, and on processors a zero point beside it.
_QUANTIZED_BYTES = {"int8": 1 + 2 / 768, "int4": 0.5 + 2 / 128}
_ZERO_POINT_BYTES = 2 / 128
_LOGIT_BYTES = 4
# Python, the libraries and what loading leaves behind: 0.89 GB on the processor, measured beside a
# checkpoint of 349 M parameters. On a card its context and captured graphs: not measured.
_RUNTIME_BYTES = {"cpu": 0.9e9, "cuda": 1.5e9}
_MIN_WINDOW_TOKENS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What loading `name` would take.

    Attributes:
        device: resolved: cpu, cuda:0, ..., or `all cards`.
        free_bytes: of that device now; None where it cannot be known.
        dtype: resolved: bfloat16, float16 or float32.
        parallel: replies at once, each with a cache of its own.
        window_tokens: of one conversation: as set, at most what the checkpoint was made for.
    """

    name: str
    variant: str
    device: str
    free_bytes: int | None
    dtype: str
    quantize: str
    parallel: int
    window_tokens: int
    sizes: Sizes
    shapes: Shapes

    def part_bytes(self, part: str) -> int:
        """Weights of one part of `sizes`. The experts alone are quantized: nine tenths of all."""
        is_quantized = part in EXPERTS and self.quantize != "none"
        each = _QUANTIZED_BYTES[self.quantize] if is_quantized else _BYTES[self.dtype]
        if is_quantized and self.quantize == "int4" and self.device == "cpu":
            each += _ZERO_POINT_BYTES
        return round(self.sizes[part] * each)

    @property
    def weights_bytes(self) -> int:
        return sum(self.part_bytes(part) for part in self.sizes)

    @property
    def thinker_token_bytes(self) -> int:
        """What one token of a conversation leaves in the thinker's cache."""
        return round(self.shapes.thinker.cached_per_token * _BYTES[self.dtype])

    @property
    def talker_token_bytes(self) -> int:
        """The same of the talker, for a token that it reads and for a frame that it says."""
        talker = self.shapes.talker
        return round(talker.cached_per_token * _BYTES[self.dtype]) if talker else 0

    @property
    def cache_bytes(self) -> int:
        """Both caches at their full length, for all replies."""
        each = self.thinker_token_bytes + self.talker_token_bytes
        return self.parallel * self.window_tokens * each

    @property
    def working_bytes(self) -> int:
        """An estimate: one piece of a prompt in the thinker, with its mask, or one picture as large
        as the window in the vision encoder if that is more; the prompts that are being read;
        scores of the vocabulary; the libraries themselves.

        Of the thinker's piece and prompt, 349 M parameters in float32 on the processor: 15,278
        tokens took 0.51 GB where this says 0.57, 7,088 tokens 0.39 GB where it says 0.37.
        """
        shapes, number, window = self.shapes, _BYTES[self.dtype], self.window_tokens
        mask = window * (1 + number)
        piece = min(window, WHOLE_TOKENS) * (shapes.thinker.prefill_per_token * number + mask)
        picture = window * shapes.patches_per_token * shapes.patch_numbers * number
        # Vectors of the prompt, and what the talker takes of them.
        prompts = self.parallel * window * 2 * shapes.thinker.hidden * number
        logits = self.parallel * shapes.vocabulary * _LOGIT_BYTES
        runtime = _RUNTIME_BYTES["cpu" if self.device == "cpu" else "cuda"]
        layers = shapes.thinker.num_layers
        whole = self.sizes[EXPERTS[0]] * number / layers if self.quantize != "none" else 0
        return round(max(piece, picture) + prompts + whole + logits + runtime)

    @property
    def needed_bytes(self) -> int:
        return self.weights_bytes + self.cache_bytes + self.working_bytes

    @property
    def fits(self) -> bool:
        """True also where nobody knows what is free."""
        return self.free_bytes is None or self.needed_bytes <= self.free_bytes

    def check(self) -> None:
        """Raise `DoesNotFit`, with the numbers and what would fit, if it does not."""
        if self.fits:
            return
        parts = {
            "weights": self.weights_bytes,
            "caches": self.cache_bytes,
            "working memory": self.working_bytes,
        }
        raise DoesNotFit(
            self.name,
            self.needed_bytes,
            self.free_bytes or 0,
            self.device,
            needs=", ".join(f"{part} {size / 1e9:.1f}" for part, size in parts.items()),
            remedies=remedies(self),
        )


def for_checkpoint(checkpoint: Checkpoint, settings: QwenOmniSettings) -> Plan:
    """The plan for loading `checkpoint` as `settings` say, on this machine as it is now.

    Raises:
        CheckpointInvalid: its configuration lacks a shape.
        MissingExtra: only its configuration is here, and Transformers is not installed.
        NoSuchDevice: there is no such card.
    """
    speaks = checkpoint.speaks
    if checkpoint.tensors is None:
        counted = sizes_by_config(checkpoint.config, speaks=speaks)
    else:
        named = ((name, tensor.num_elements) for name, tensor in checkpoint.tensors.items())
        counted = sizes(named, speaks=speaks)
    shapes = Shapes.of(checkpoint.config, speaks=speaks, where=str(checkpoint.directory))
    is_spread = settings.device_map is not None
    place = device.resolve(settings.device)
    return Plan(
        name=checkpoint.name,
        variant=checkpoint.variant,
        device="all cards" if is_spread and place != "cpu" else place,
        free_bytes=device.free_bytes(place, is_spread=is_spread),
        dtype=_dtype(checkpoint) if settings.dtype == "auto" else settings.dtype,
        quantize=settings.quantize,
        parallel=settings.parallel,
        window_tokens=min(settings.window_tokens, shapes.max_tokens),
        sizes=counted,
        shapes=shapes,
    )


def _dtype(checkpoint: Checkpoint) -> str:
    """What the checkpoint has its weights in: most of them, or what its configuration says."""
    stored: Counter[str] = Counter()
    for tensor in (checkpoint.tensors or {}).values():
        stored[tensor.dtype] += tensor.num_elements
    if stored:
        said = _FILE_DTYPES.get(stored.most_common(1)[0][0])
    else:
        said = checkpoint.config.get("dtype") or checkpoint.config.get("torch_dtype")
    return said if said in _BYTES else "bfloat16"


def remedies(plan: Plan) -> tuple[str, ...]:
    """Changes of the settings that would fit: one at a time, or if none does, all of them."""
    if single := tuple(_single_remedies(plan)):
        return single
    smallest = replace(
        plan,
        quantize="int4",
        dtype="bfloat16" if plan.dtype == "float32" else plan.dtype,
        parallel=1,
        window_tokens=min(plan.window_tokens, 4 * _MIN_WINDOW_TOKENS),
    )
    return (_named(plan, smallest),) if smallest.fits else ()


def _single_remedies(plan: Plan) -> Iterator[str]:
    windows = range(plan.window_tokens - 1, _MIN_WINDOW_TOKENS - 1, -1)
    candidates = (
        [replace(plan, dtype="bfloat16")] if plan.dtype == "float32" else [],
        [replace(plan, parallel=fewer) for fewer in range(plan.parallel - 1, 0, -1)],
        [replace(plan, window_tokens=w) for w in windows if w % _MIN_WINDOW_TOKENS == 0],
        [replace(plan, quantize="int8")] if plan.quantize == "none" else [],
        [replace(plan, quantize="int4")] if plan.quantize != "int4" else [],
    )
    for from_the_largest in candidates:
        for one in from_the_largest:
            if one.fits:
                yield _named(plan, one)
                break


def _named(plan: Plan, other: Plan) -> str:
    """How `other` differs, as settings, and what it needs."""
    fields = ("dtype", "quantize", "parallel", "window_tokens")
    changed = (
        f"qwen_omni.{field} = {getattr(other, field)}"
        for field in fields
        if getattr(other, field) != getattr(plan, field)
    )
    return f"{' with '.join(changed)} ({other.needed_bytes / 1e9:.1f} GB)"


def table(plan: Plan) -> str:
    """The plan for people, a line for each part."""
    lines = [
        f"checkpoint  {plan.name} ({plan.variant})",
        f"device      {plan.device}, {plan.dtype}"
        + (f", experts in {plan.quantize}" if plan.quantize != "none" else ""),
    ]
    for part, number in plan.sizes.items():
        lines.append(_row(f"weights   {part}", plan.part_bytes(part), f"{number / 1e6:,.1f} M"))
    lines.append(
        _row("weights   all", plan.weights_bytes, f"{sum(plan.sizes.values()) / 1e6:,.1f} M")
    )
    each = plan.thinker_token_bytes + plan.talker_token_bytes
    of = f"{plan.parallel} x {plan.window_tokens:,} tokens, {each / 1e3:,.1f} MB per 1,000"
    lines.append(_row("caches", plan.cache_bytes, of))
    lines.append(_row("working   (estimate)", plan.working_bytes))
    lines.append(_row("needed", plan.needed_bytes))
    if plan.free_bytes is None:
        lines.append("free        not known without PyTorch: pip install 'thinktalk[qwen-omni]'")
    else:
        verdict = "fits" if plan.fits else "does not fit"
        lines.append(_row("free", plan.free_bytes, f"it {verdict}"))
    if not plan.fits:
        lines += [f"would fit   {remedy}" for remedy in remedies(plan)]
    return "\n".join(lines)


def _row(what: str, num_bytes: int, note: str = "") -> str:
    return f"{what:34}{num_bytes / 1e9:9.3f} GB  {note}".rstrip()
