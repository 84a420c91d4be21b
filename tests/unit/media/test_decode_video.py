from __future__ import annotations

import io

import av
import numpy as np
import pytest

from support.media_files import Pixels, audio_file, blocks_at, picture, tone, video_file
from thinktalk.errors import MediaTooLong, MediaUndecodable
from thinktalk.media.decode import decode_video
from thinktalk.media.types import FrameSampling, Video

CONTAINERS = [
    ("mp4", "libx264"),
    ("mov", "libx264"),
    ("matroska", "libx264"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
    ("flv", "flv"),
    ("asf", "wmv2"),
    ("mpegts", "libx264"),
]


def _decoded(data: bytes, max_s: float = 100.0, **sampling: float) -> Video:
    return decode_video(data, FrameSampling(**sampling), max_s=max_s)  # type: ignore[arg-type]


def _times(video: Video) -> list[float]:
    return [round(frame.time_s, 2) for frame in video.frames]


def _levels(video: Video) -> list[float]:
    return [float(frame.image.pixels.mean()) for frame in video.frames]


@pytest.mark.parametrize(("container", "codec"), CONTAINERS)
def test_frames_show_what_was_there_at_their_time(container: str, codec: str) -> None:
    video = _decoded(video_file(2.0, container=container, codec=codec))

    assert _times(video) == [0.0, 0.5, 1.0, 1.5]
    # The grey of the test video rises by 120 a second.
    assert _levels(video) == pytest.approx([0, 60, 120, 180], abs=4)
    assert (video.width, video.height) == (160, 120)
    assert video.duration_s == pytest.approx(2.0, abs=0.11)


def test_frames_are_spread_over_the_whole_when_there_may_be_few() -> None:
    video = _decoded(video_file(8.0), max_frames=4)

    assert _times(video) == [0.0, 2.0, 4.0, 6.0]
    assert _levels(video) == pytest.approx([0, 60, 120, 180], abs=4)


REFERENCES = {
    "one keyframe": ("libx264", {"g": "1000", "bf": "0"}),
    "B-frames": ("libx264", {"g": "1000", "bf": "3", "b-pyramid": "normal"}),
    "keyframes": ("libx264", {"g": "25", "bf": "3"}),
    "open groups": ("libx264", {"g": "13", "bf": "2", "x264-params": "open-gop=1"}),
    "many B-frames": ("libx264", {"g": "1000", "bf": "7", "b-adapt": "0"}),
    "h265": ("libx265", {"x265-params": "log-level=none:bframes=4"}),
    "mpeg4": ("mpeg4", {"bf": "2", "g": "40"}),
    "vp8": ("libvpx", {"auto-alt-ref": "1", "lag-in-frames": "10"}),
    "vp9": ("libvpx-vp9", {"auto-alt-ref": "1", "lag-in-frames": "10"}),
    "av1": ("libsvtav1", {"preset": "12"}),
}
HELD_BY = {
    "mp4": set(REFERENCES) - {"vp8"},
    "matroska": set(REFERENCES),
    "avi": set(REFERENCES) - {"h265", "av1"},
    "flv": {"one keyframe", "B-frames", "keyframes", "open groups", "many B-frames"},
}


@pytest.mark.parametrize(
    ("container", "coding"),
    [(box, name) for box, names in HELD_BY.items() for name in sorted(names)],
)
def test_leaving_out_what_nobody_needs_changes_no_frame(container: str, coding: str) -> None:
    codec, options = REFERENCES[coding]
    data = video_file(
        6.0, fps=25, container=container, codec=codec, options=options, picture_at=blocks_at
    )
    with av.open(io.BytesIO(data)) as whole:
        start_s = (whole.start_time or 0) / av.time_base
        frames = {
            round((frame.time - start_s) * 25): frame.reformat(
                format="rgb24", interpolation="BICUBIC"
            ).to_ndarray()
            for frame in whole.decode(video=0)
        }

    for fps in (2.0, 7.0):
        video = _decoded(data, fps=fps)

        assert len(video.frames) == int(6.0 * fps)
        for number, seen in enumerate(video.frames):
            place_s = number * video.duration_s / len(video.frames)
            assert seen.time_s == pytest.approx(place_s, abs=0.1)
            assert np.array_equal(seen.image.pixels, frames[round(seen.time_s * 25)])


def test_jumping_ahead_reads_nothing_twice() -> None:
    # A keyframe every 4.52 s, between two wanted frames.
    options = {"preset": "veryfast", "g": "113", "bf": "3", "sc_threshold": "0"}
    data = video_file(12.0, fps=25, options=options, picture_at=_noise)

    class Counting(io.BytesIO):
        num_read = 0

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            Counting.num_read += len(piece)
            return piece

    video = decode_video(Counting(data), FrameSampling(fps=1.0), max_s=100)

    assert [round(frame.time_s) for frame in video.frames] == list(range(12))
    # Once for the pictures, and a little for the index.
    assert Counting.num_read < 1.2 * len(data)


def _noise(time_s: float) -> Pixels:
    """What cannot be compressed: the file is large, and keyframes lie far apart in it."""
    return np.random.default_rng(int(time_s * 25)).integers(0, 256, (120, 160, 3), np.uint8)


@pytest.mark.parametrize("keyframes_every", [10, 1000])
def test_jumping_between_keyframes_gives_the_same_frames(keyframes_every: int) -> None:
    options = {"g": str(keyframes_every), "bf": "2"}

    video = _decoded(video_file(20.0, fps=10, options=options), max_frames=5)

    assert _times(video) == [0.0, 4.0, 8.0, 12.0, 16.0]
    assert _levels(video) == pytest.approx([0, 48, 96, 144, 192], abs=4)


def test_a_variable_frame_rate_is_sampled_by_time() -> None:
    # A recording of a screen: nothing for seconds, then many frames.
    times_s = [0.0, 0.1, 0.2, 3.0, 3.05, 3.1, 3.15, 3.9]

    video = _decoded(video_file(4.0, times_s=times_s), fps=1.0)

    assert _times(video) == [0.0, 3.0]
    assert _levels(video) == pytest.approx([0, 180], abs=4)


def test_a_slower_video_than_asked_for_gives_each_frame_once() -> None:
    video = _decoded(video_file(4.0, fps=1), fps=2.0)

    assert _times(video) == [0.0, 1.0, 2.0, 3.0]


def test_large_frames_are_scaled_down_in_shape() -> None:
    video = _decoded(video_file(1.0, size=(640, 360)), max_pixels=20_000)

    image = video.frames[0].image
    assert 18_000 < image.width * image.height <= 20_000
    assert image.width / image.height == pytest.approx(16 / 9, rel=0.03)
    assert (video.width, video.height) == (640, 360)


@pytest.mark.parametrize("multiple", [28, 32])
@pytest.mark.parametrize("size", [(640, 360), (360, 640), (100, 60)])
def test_sides_come_in_multiples_that_an_encoder_wants(
    size: tuple[int, int], multiple: int
) -> None:
    image = (
        _decoded(video_file(1.0, size=size), multiple=multiple, max_pixels=50_000).frames[0].image
    )

    assert image.width % multiple == image.height % multiple == 0
    assert image.width * image.height <= 50_000
    assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.2)


def test_small_frames_keep_their_size() -> None:
    image = _decoded(video_file(1.0)).frames[0].image

    assert (image.width, image.height) == (160, 120)


def test_many_frames_share_the_pixels_there_may_be_in_all() -> None:
    video = _decoded(video_file(10.0), max_total_pixels=20 * 5000)

    assert len(video.frames) == 20
    assert sum(f.image.width * f.image.height for f in video.frames) <= 20 * 5000


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_videos_are_turned_upright(rotation: int, turns: int) -> None:
    upright = picture(160, 120)

    video = _decoded(video_file(1.0, picture_at=lambda _: upright, rotation=rotation))

    expected = np.rot90(upright, turns)
    assert (video.height, video.width) == expected.shape[:2]
    shown = video.frames[0].image.pixels
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected)[10:50, 10:50].mean() < 15


def test_frames_that_do_not_differ_are_dropped() -> None:
    def slides(time_s: float) -> Pixels:
        return np.full((120, 160, 3), 40 if time_s < 2 else 200, np.uint8)

    data = video_file(4.0, picture_at=slides)

    assert _times(_decoded(data, min_change=5.0)) == [0.0, 2.0]
    assert len(_decoded(data).frames) == 8


def test_slow_change_is_noticed_by_and_by() -> None:
    # 24 grey levels from one sampled frame to the next.
    video = _decoded(video_file(5.0), min_change=30.0)

    assert _times(video)[:-1] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_last_frame_that_differs_is_kept_where_changes_are_wanted() -> None:
    data = video_file(
        3.0, picture_at=lambda time_s: picture(160, 120) // (1 if time_s > 2.8 else 2)
    )
    still = video_file(3.0, picture_at=lambda _: picture(160, 120))

    assert _times(_decoded(data, min_change=1.0)) == [0.0, 2.9]
    assert _times(_decoded(still, min_change=1.0)) == [0.0]
    assert _times(_decoded(data)) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_the_sound_track_comes_along_at_16_khz() -> None:
    video = _decoded(video_file(2.0, sound=tone(2.0)))

    assert video.audio is not None
    assert video.audio.sample_rate == 16_000
    assert video.audio.duration_s == pytest.approx(2.0, abs=0.1)


def test_a_video_without_a_sound_track_has_none() -> None:
    assert _decoded(video_file(1.0)).audio is None


def test_a_video_cut_short_gives_the_frames_before_the_cut() -> None:
    data = video_file(4.0, container="matroska", options={"g": "5"})

    video = _decoded(data[: len(data) * 2 // 3])

    assert 2 <= len(video.frames) < 8


def test_a_video_that_states_no_length_is_measured() -> None:
    # A live stream has no duration in its header.
    data = video_file(3.0, container="matroska", container_options={"live": "1"})

    video = _decoded(data)

    assert video.duration_s == pytest.approx(3.0, abs=0.15)
    assert len(video.frames) == 6


def test_a_video_past_the_limit_is_refused() -> None:
    with pytest.raises(MediaTooLong, match=r"It lasts 3\.0 s; the limit is 2 s"):
        _decoded(video_file(3.0), max_s=2.0)


@pytest.mark.parametrize(
    "data",
    [b"no video" * 100, b"", audio_file(tone(1.0), container="mp4", codec="aac")],
    ids=["text", "nothing", "sound only"],
)
def test_what_has_no_pictures_is_no_video(data: bytes) -> None:
    with pytest.raises(MediaUndecodable, match="Invalid video file"):
        _decoded(data)
