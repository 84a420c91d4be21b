from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import Qwen2VLImageProcessorPil

from support.omni_media import image, video
from thinktalk.engines.qwen_omni.pictures import FRAMES, PictureReader
from thinktalk.media.types import Frame


@pytest.fixture(scope="module")
def reader(input_files: Path) -> PictureReader:
    return PictureReader.load(input_files)


@pytest.mark.parametrize("size", [(96, 64), (150, 100), (1000, 15), (777, 333), (16, 16)])
def test_images_equal_the_processors(
    input_files: Path, reader: PictureReader, size: tuple[int, int]
) -> None:
    images = [image(*size), image(64, 96)]
    ours = reader.images(images)
    processor = Qwen2VLImageProcessorPil.from_pretrained(input_files)
    theirs = processor([picture.pixels for picture in images], return_tensors="pt")
    assert torch.equal(ours.grids, theirs["image_grid_thw"])
    torch.testing.assert_close(ours.pixels, theirs["pixel_values"], rtol=0, atol=1e-6)


def test_images_over_the_checkpoints_limit_are_made_smaller(reader: PictureReader) -> None:
    (tokens,) = replace(reader, max_pixels=64 * 1024).images([image(640, 640)]).num_tokens
    assert tokens == 64


def test_an_odd_frame_is_shown_twice(reader: PictureReader) -> None:
    film = video(3)
    whole = replace(film, frames=(*film.frames, film.frames[-1]))
    assert torch.equal(reader.videos([film]).pixels, reader.videos([whole]).pixels)
    # ... as an image is, which is a film of one frame.
    still = replace(film, frames=film.frames[:1])
    assert torch.equal(reader.videos([still]).pixels, reader.images([film.frames[0].image]).pixels)


def test_frames_of_a_slide_show_get_the_size_of_the_first(reader: PictureReader) -> None:
    frames = (Frame(0.0, image(448, 320)), Frame(0.5, image(640, 640)))
    assert reader.videos([replace(video(2), frames=frames)]).grids.tolist() == [[1, 20, 28]]


def test_frames_are_as_far_apart_as_their_times_say(reader: PictureReader) -> None:
    still = image(32, 32)

    def grid_s(*times: float) -> float:
        return reader.seconds_per_grid([Frame(time_s, still) for time_s in times])

    assert grid_s(0.0, 0.5, 1.0, 1.5) == 1.0
    assert grid_s(0.0, 3.0, 3.5, 9.0) == 6.0
    assert grid_s(0.0, 0.4999, 1.0001, 1.4998) == pytest.approx(1.0, abs=1e-3)
    assert grid_s(7.0) == grid_s(7.0, 7.0) == 1.0


@pytest.mark.parametrize("shape", [(16, 9), (4, 3), (1, 1), (9, 16)])
def test_a_video_of_the_most_frames_is_within_its_tokens(
    reader: PictureReader, shape: tuple[int, int]
) -> None:
    pixels = FRAMES.max_total_pixels / FRAMES.max_frames
    unit = math.sqrt(pixels / math.prod(shape))
    width, height = (int(side * unit) // 32 * 32 for side in shape)
    per_pair = reader.videos([video(2, size=(width, height))]).num_tokens[0]
    assert per_pair == width * height / 1024
    assert per_pair * FRAMES.max_frames / 2 <= 24_576
