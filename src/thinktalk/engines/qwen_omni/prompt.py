"""A request as what the thinker's forward pass reads: token ids, and tensors of its media.

Equal to what the checkpoint's own processor makes of the same conversation. Knows nothing of the
model, and reads files on loading only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni.messages import Media, chat_messages, chat_tools
from thinktalk.engines.qwen_omni.pictures import Patches, PictureReader
from thinktalk.engines.qwen_omni.sounds import TOKENS_PER_S, Features, SoundReader
from thinktalk.engines.qwen_omni.template import ChatTemplate
from thinktalk.errors import BadRequest
from thinktalk.media.types import Audio, Recording


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """One conversation, on the CPU.

    Attributes:
        input_ids: (1, n) int64.
        features: for the forward pass, of those kinds that there are, in order of appearance.
            Sounds: `input_features` (a, num_mels, t) float32, `feature_attention_mask` (a, t).
            Images: `pixel_values` (num_patches, d) float32, `image_grid_thw` (i, 3). Videos:
            `pixel_values_videos`, `video_grid_thw` (v, 3), `video_second_per_grid` (v,) float32.
        use_audio_in_video: for the forward pass: each video's sound is among its pictures.
        num_text_tokens: of `input_ids`, without the placeholders of media.
    """

    input_ids: Tensor
    features: Mapping[str, Tensor]
    use_audio_in_video: bool
    num_text_tokens: int


class PromptReader:
    """Reads requests for one checkpoint. Several threads may use it at once.

    `pictures` and `sounds` are what reads each kind.
    """

    def __init__(
        self, template: ChatTemplate, pictures: PictureReader, sounds: SoundReader
    ) -> None:
        self.pictures, self.sounds = pictures, sounds
        self._template = template
        self._marks = _Marks.of(template.tokenizer)

    @classmethod
    def load(cls, directory: Path) -> PromptReader:
        """With the tokenizer, the template and the figures of the checkpoint in `directory`."""
        return cls(
            ChatTemplate.load(directory), PictureReader.load(directory), SoundReader.load(directory)
        )

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self._template.tokenizer

    def num_text_tokens(self, request: GenerateRequest) -> int:
        """As `Prompt.num_text_tokens`, of a request whose recordings need not have been read."""
        messages, media = chat_messages(request)
        chat = self._template.ids(messages, chat_tools(request))
        marks = self._marks
        placeholders = sum(token in (marks.audio, marks.image, marks.video) for token in chat)
        num_joined = sum(track is not None for track in media.tracks)
        return len(chat) - placeholders + 2 * num_joined  # the marks around the sound of each

    def read(self, request: GenerateRequest) -> Prompt:
        """The prompt of a request whose recordings have been read (`sounds.heard`).

        Raises:
            BadRequest: there is media where the checkpoint's template has no place for it, or the
                sounds take too much memory.
        """
        messages, media = chat_messages(request)
        chat = self._template.ids(messages, chat_tools(request))
        sounds = self.sounds.read([_held(sound) for sound in media.sounds])
        images = self.pictures.images(media.images)
        videos = self.pictures.videos(media.videos)
        seconds = [self.pictures.seconds_per_grid(video.frames) for video in media.videos]
        marks = self._marks
        fillings = {
            marks.audio: _alone(marks, sounds, media),
            marks.image: ([marks.image] * num_tokens for num_tokens in images.num_tokens),
            marks.video: _shown(marks, videos, seconds, sounds, media),
        }
        ids = _filled(chat, fillings)
        features = {
            "input_features": sounds.log_mel,
            "feature_attention_mask": sounds.mask,
            "pixel_values": images.pixels,
            "image_grid_thw": images.grids,
            "pixel_values_videos": videos.pixels,
            "video_grid_thw": videos.grids,
            "video_second_per_grid": torch.tensor(seconds),
        }
        num_media_tokens = sum(images.num_tokens) + sum(videos.num_tokens) + sum(sounds.num_tokens)
        return Prompt(
            input_ids=torch.tensor([ids]),
            features={name: tensor for name, tensor in features.items() if len(tensor)},
            use_audio_in_video=any(track is not None for track in media.tracks),
            num_text_tokens=len(ids) - num_media_tokens,
        )


@dataclass(frozen=True, slots=True)
class _Marks:
    """Ids of the tokens that stand for media, and of those around sound."""

    audio: int
    image: int
    video: int
    audio_start: int
    audio_end: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> _Marks:
        return cls(
            audio=tokenizer.audio_token_id,
            image=tokenizer.image_token_id,
            video=tokenizer.video_token_id,
            audio_start=tokenizer.audio_bos_token_id,
            audio_end=tokenizer.audio_eos_token_id,
        )


def _held(sound: Audio | Recording) -> Audio:
    if isinstance(sound, Recording):
        raise TypeError("a recording is read with sounds.heard before its request")
    return sound


def _alone(marks: _Marks, sounds: Features, media: Media) -> Iterator[list[int]]:
    """What each sound that is no part of a video is replaced with."""
    for place, num_tokens in enumerate(sounds.num_tokens):
        if place not in media.tracks:
            yield [marks.audio] * num_tokens


def _shown(
    marks: _Marks, videos: Patches, seconds: Sequence[float], sounds: Features, media: Media
) -> Iterator[list[int]]:
    """What each video is replaced with: its pictures, with its sound if that is a part of it."""
    for place, track in enumerate(media.tracks):
        if track is None:
            yield [marks.video] * videos.num_tokens[place]
            continue
        num_grids = int(videos.grids[place, 0])
        start_s = np.arange(num_grids) * seconds[place]
        seen = start_s.repeat(videos.num_tokens[place] // num_grids) * TOKENS_PER_S
        heard = np.arange(sounds.num_tokens[track])
        # By time, and pictures before the sound of the same moment.
        order = np.argsort(np.concatenate([seen, heard]), kind="stable")
        laid = np.where(order < len(seen), marks.video, marks.audio)
        yield [marks.audio_start, *laid.tolist(), marks.audio_end]


def _filled(ids: Sequence[int], fillings: Mapping[int, Iterator[list[int]]]) -> list[int]:
    """`ids` with each placeholder replaced by the next filling of its kind."""
    filled: list[int] = []
    for token in ids:
        filled += next(fillings[token], [token]) if token in fillings else [token]
    if any(next(left, None) is not None for left in fillings.values()):
        raise BadRequest(
            "The chat template of this checkpoint leaves out some of the media: send media in "
            "messages of the role user",
            param="messages",
        )
    return filled
