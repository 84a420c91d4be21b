"""Media of a request, fitted to the context before they are decoded.

All are fetched and measured first, then it is decided how much of each is used, and only that is
decoded. Knows nothing of wire formats.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from thinktalk.conversation import AudioPart, ImagePart, VideoPart
from thinktalk.engines.base import Capabilities
from thinktalk.events import Report
from thinktalk.media import budget, fitting
from thinktalk.media.allowance import Allowance
from thinktalk.media.budget import VideoCost
from thinktalk.media.fitting import Cost, Item, Plan, Portion, Rules
from thinktalk.media.load import LISTED_FPS, MediaLoader
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import Audio, FrameSampling, Recording
from thinktalk.serving.attachments import Attachment, Found, Survey, each
from thinktalk.serving.media_report import Used, media_report
from thinktalk.serving.models import Family
from thinktalk.settings import MediaPolicy, Settings

MediaPart = ImagePart | AudioPart | VideoPart

_BYTES_PER_TOKEN = 4  # of text, about: prose of most languages has more
_STRICT_TOKENS: dict[Family, int] = {"qwen3.5": 262_144, "qwen3": 49_152}
_CREDIBLE_S = 1.0  # what a header says may be off by some codec frames
_PLANNED_HERE = 64  # so many items are planned in no time; others could wait for more


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The media of a request in their order; `report` is None where nothing was reduced.

    `policy` is what the engine is to do with what exceeds its own window.
    """

    parts: tuple[MediaPart, ...]
    policy: MediaPolicy
    report: Report | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFitting:
    """How media are fitted for one request.

    `frames` says which pictures of a video its engine looks at.
    """

    loader: MediaLoader
    settings: Settings
    policy: MediaPolicy
    rules: Rules
    frames: FrameSampling

    @classmethod
    def of(
        cls,
        loader: MediaLoader,
        settings: Settings,
        capabilities: Capabilities | None,
        *,
        family: Family,
        policy: MediaPolicy | None = None,
        high_resolution: bool = False,
    ) -> MediaFitting:
        """The rules for a model of this family; strict ones know no policy but `error`.

        Without `capabilities` the engine is not known, and taken to look at all there is.
        """
        strict, limit = settings.server.strict, settings.limits.context_tokens
        rules = Rules(
            family=family,
            high_resolution=high_resolution,
            context_tokens=min(limit, _STRICT_TOKENS[family]) if strict else limit,
            sound_s=math.inf if strict else settings.media.max_audio_s,
            has_policies=not strict,
        )
        policy = "error" if strict else policy or settings.media.policy
        return cls(
            loader=loader,
            settings=settings,
            policy=policy,
            rules=rules,
            frames=capabilities.frames if capabilities else FrameSampling(),
        )

    @property
    def engine_policy(self) -> MediaPolicy:
        """What the engine is to do by itself: the hosted limits say nothing of its window."""
        return "fit" if self.settings.server.strict else self.policy

    async def load(self, attachments: Sequence[Attachment], text_tokens: int) -> Fitted:
        """Decode what the policy leaves of them.

        What is decoded is limited for all of them together.

        Raises:
            MediaError: one cannot be had, or is over a limit. PromptTooLong: as `fitting.plan`.
        """
        if not attachments:
            return Fitted(parts=(), policy=self.engine_policy)
        allowance = self.loader.allowance()
        if self._surely_fits(attachments, text_tokens):
            parts = await each(attachments, lambda a: self._as_it_comes(a, allowance), _part_of)
            return Fitted(parts=tuple(parts), policy=self.engine_policy)
        survey = self.surveying(allowance)
        kept: list[MediaFile] = []
        try:
            found = await survey.find(attachments)
            plan = await self.planned([one.item for one in found], text_tokens)
            pairs = list(zip(found, plan.portions, strict=True))
            loaded = await each(
                pairs, lambda pair: self._load(*pair, allowance), lambda pair: pair[0].part
            )
            for one, part in zip(found, loaded, strict=True):
                if _reads_on(part) and isinstance(one.attachment.source, MediaFile):
                    kept.append(one.attachment.source)
        finally:
            survey.close(kept)
        used = [Used.of(part) for part in loaded]
        portions = tuple(
            _as_loaded(portion, part, self.rules.family)
            for portion, part in zip(plan.portions, loaded, strict=True)
        )
        plan = replace(plan, portions=portions)
        return Fitted(
            parts=tuple(loaded),
            policy="split" if plan.is_split else self.engine_policy,
            report=media_report(found, plan, used),
        )

    def surveying(self, allowance: Allowance) -> Survey:
        """What finds out about the attachments of this request, by its rules."""
        strict, family = self.settings.server.strict, self.rules.family
        return Survey(self.loader, self.settings.media, family, allowance, strict=strict)

    async def planned(self, items: list[Item], text_tokens: int) -> Plan:
        """As `fitting.plan`, by the policy and the rules of this request."""
        arguments = (items, self.policy, self.rules, text_tokens)
        if len(items) <= _PLANNED_HERE:
            return fitting.plan(*arguments)
        return await asyncio.to_thread(fitting.plan, *arguments)

    def _surely_fits(self, attachments: Sequence[Attachment], text_tokens: int) -> bool:
        """Whether they are so few pictures that no size is too large: then none has to wait."""
        if self.settings.server.strict or any(a.kind != "image" for a in attachments):
            return False
        most = budget.max_image_tokens(self.rules.family, self.rules.high_resolution)
        return len(attachments) * most + text_tokens <= self.rules.context_tokens

    async def _as_it_comes(self, attachment: Attachment, allowance: Allowance) -> MediaPart:
        assert not isinstance(attachment.source, tuple)
        hints, rules = attachment.hints, self.rules
        _, most = budget.image_bounds(rules.family, rules.high_resolution, hints)
        image, (width, height) = await self.loader.image(
            attachment.source,
            fit_pixels=most if hints.max_pixels else None,
            allowance=allowance,
        )
        cost = budget.image_cost(width, height, rules.family, rules.high_resolution, hints)
        return ImagePart(image, cost.tokens)

    async def _load(self, found: Found, portion: Portion, allowance: Allowance) -> MediaPart:
        source, strict = found.attachment.source, self.settings.server.strict
        family, cost = self.rules.family, portion.cost
        if portion.item.kind == "image":
            assert not isinstance(source, tuple)
            _, most = budget.image_bounds(family, self.rules.high_resolution, portion.hints)
            image, _ = await self.loader.image(
                source,
                # Engines read small print better than the tokens allow for: only who asks, or has
                # no room, gets less.
                fit_pixels=most if portion.hints.max_pixels else None,
                strict=strict,
                allowance=allowance,
            )
            return ImagePart(image, cost.tokens)
        if portion.item.kind == "audio":
            assert not isinstance(source, tuple)
            audio = await self.loader.sound(
                source,
                strict=strict,
                keep_s=portion.keep_s,
                allowance=allowance,
                duration_s=portion.item.duration_s,
            )
            return AudioPart(audio, _sound_tokens(cost, audio, family))
        sampling = self.frames.narrowed(portion.hints, budget.min_frame_pixels(family))
        if isinstance(source, tuple):
            video = await self.loader.frames(
                source[: math.ceil(min(portion.keep_s, cost.duration_s) * LISTED_FPS)],
                sampling,
                fps=found.attachment.hints.fps or LISTED_FPS,
                strict=strict,
                allowance=allowance,
            )
        else:
            video = await self.loader.video(
                source, sampling, strict=strict, keep_s=portion.keep_s, allowance=allowance
            )
        sound_tokens = _sound_tokens(cost, video.audio, family) if video.audio else 0
        tokens = cost.tokens
        if video.duration_s < cost.duration_s - _CREDIBLE_S:
            tokens = _shorter(portion, video.duration_s, family).tokens
        return VideoPart(video, tokens, sound_tokens)


def _sound_tokens(cost: Cost, sound: Audio | Recording, family: Family) -> int:
    """As planned, unless the track is of another length than the file, or the header lied."""
    if abs(sound.duration_s - cost.sound_s) <= _CREDIBLE_S:
        return cost.audio_tokens
    return budget.audio_tokens(sound.duration_s, family)


def about_text_tokens(texts: Iterable[str]) -> int:
    """How many tokens these texts have, before any tokenizer has seen them."""
    return math.ceil(sum(len(text.encode()) for text in texts) / _BYTES_PER_TOKEN)


def _as_loaded(portion: Portion, part: MediaPart, family: Family) -> Portion:
    """With what it really cost: a header may have stated another length."""
    match part:
        case ImagePart():
            cost = replace(portion.cost, tokens=part.tokens)
        case AudioPart():
            cost = replace(portion.cost, audio_tokens=part.tokens)
        case VideoPart():
            cost = replace(portion.cost, tokens=part.tokens, audio_tokens=part.audio_tokens)
            if part.tokens != portion.cost.tokens:
                video = _shorter(portion, part.video.duration_s, family)
                cost = replace(cost, num_frames=video.num_frames)
    return replace(portion, cost=cost)


def _shorter(portion: Portion, duration_s: float, family: Family) -> VideoCost:
    """What a video costs that turned out to be shorter than its header says."""
    item = portion.item
    return budget.video_cost(item.width, item.height, duration_s, item.fps, family, portion.hints)


def _reads_on(part: MediaPart) -> bool:
    """Whether its file is read while the request is answered."""
    if isinstance(part, AudioPart):
        return isinstance(part.audio, Recording)
    return isinstance(part, VideoPart) and isinstance(part.video.audio, Recording)


def _part_of(attachment: Attachment) -> str:
    return attachment.part
