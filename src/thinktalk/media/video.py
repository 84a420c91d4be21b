"""Frames of a video at chosen times.

Frames between two wanted ones are decoded but not converted, and where the file's index shows a
keyframe ahead, decoding jumps there. Knows nothing of the sound track.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from thinktalk.errors import ImageShapeRefused, MediaTooLong
from thinktalk.media.demux import (
    Source,
    declared_s,
    decoded,
    opened,
    packets,
    picture_stream,
    start_s,
)
from thinktalk.media.types import Frame, FrameSampling, Image, Pixels

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

_THUMBNAIL = (64, 36)
_MAX_FRAME_PIXELS = 8192 * 4320
_MAX_THREADS = 4
_DEFAULT_FPS = 25.0


class VideoReader:
    """An opened video. Frame k shows the time k / fps, fps lowered so that `max_frames` span it.

    Frames carry the time they have in the file, whatever its frame rate does. `width` and `height`
    are those of the file as shown; they are settled once `frames` is through.

    Args:
        max_s: longest video taken.
        keep_s: only the beginning is looked at; `duration_s` then is no more than that.
    Raises:
        MediaUndecodable: no container that is known, or no picture track in it.
        MediaTooLong, ImageShapeRefused: the latter for frames of over 8192x4320 pixels.
    """

    def __init__(
        self, source: Source, sampling: FrameSampling, *, max_s: float, keep_s: float = math.inf
    ) -> None:
        with ExitStack() as stack:
            self._container = stack.enter_context(opened(source, "video"))
            self._stream = picture_stream(self._container)
            self.width, self.height = _checked_size(self._stream)
            self.duration_s = declared_s(self._container) or _measured_s(source)
            if self.duration_s > max_s:
                raise MediaTooLong("video", self.duration_s, max_s)
            self._is_cut = self.duration_s > keep_s
            self.duration_s = min(self.duration_s, keep_s)
            self.has_sound = bool(self._container.streams.audio)
            self._plan(sampling)
            self._cleanup = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    def _plan(self, sampling: FrameSampling) -> None:
        self._num_frames = max(1, min(sampling.max_frames, int(self.duration_s * sampling.fps)))
        self._interval_s = max(self.duration_s / self._num_frames, 1 / sampling.fps)
        self._min_change = sampling.min_change
        self._max_frames = sampling.max_frames
        self._max_pixels = min(sampling.max_pixels, sampling.max_total_pixels // self._num_frames)
        self._multiple = sampling.multiple
        self._origin_s = start_s(self._container)
        self._tick_s = float(self._stream.time_base or 0)
        self._fps = float(self._stream.average_rate or _DEFAULT_FPS)
        # Half a frame early is still the frame on show at that time.
        self._tolerance_s = min(0.5 / self._fps, 0.05 * self._interval_s)
        # Conversion contexts are costly to set up and cheap to reuse.
        self._to_rgb, self._to_thumbnail = VideoReformatter(), VideoReformatter()
        self._thumbnail: npt.NDArray[np.int16] | None = None
        self._is_turned = False
        # Up to where there are pictures, once all have been passed; None where that was not needed.
        self.seen_until_s: float | None = None
        self._first_pts: dict[int, int] = {}  # by number of the interval
        self._max_delay = 0  # from decoding to being shown, in units of the stream

    def frames(self) -> Iterator[Frame]:
        """The wanted frames, in time order. To be called once.

        Where only changes are wanted (`min_change`), the file's last frame is one more, if it shows
        something else: a screen recording often ends with its last keystroke.
        """
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = _MAX_THREADS
        num_seen, next_wanted, until_s = 0, 0, 0.0
        unused: tuple[float, av.VideoFrame] | None = None
        for frame in decoded(self._container, self._stream, self._spare):
            time_s = self._time_s(frame, num_seen)
            num_seen += 1
            if self._is_cut and time_s >= self.duration_s:
                break
            unused = (time_s, frame)
            shown_s = frame.duration * self._tick_s if frame.duration else 1 / self._fps
            until_s = max(until_s, time_s + shown_s)
            if time_s + self._tolerance_s < next_wanted * self._interval_s:
                continue
            if next_wanted >= self._num_frames and time_s < self.duration_s + self._interval_s:
                continue  # all are there, and only a file longer than it says has more to show
            unused = None
            next_wanted = math.floor((time_s + self._tolerance_s) / self._interval_s) + 1
            if self._has_changed(frame):
                yield Frame(max(0.0, time_s), Image(self._pixels(frame)))
            if next_wanted >= self._max_frames:
                return
            self._skip_to(frame, next_wanted * self._interval_s)
        self.seen_until_s = min(until_s, self.duration_s)
        if unused is not None and self._min_change > 0 and self._has_changed(unused[1]):
            yield Frame(max(0.0, unused[0]), Image(self._pixels(unused[1])))

    def _time_s(self, frame: av.VideoFrame, num_seen: int) -> float:
        if frame.time is None:
            return num_seen / self._fps
        return float(frame.time) - self._origin_s

    def _spare(self, packet: Packet[VideoStream]) -> None:
        """Let the decoder leave out a frame that is neither wanted nor needed by others."""
        context, pts = self._stream.codec_context, packet.pts
        if pts is None or not self._tick_s:
            context.skip_frame = "DEFAULT"
            return
        if packet.dts is not None:
            self._max_delay = max(self._max_delay, pts - packet.dts)
        time_s = pts * self._tick_s - self._origin_s
        place = math.floor((time_s + self._tolerance_s) / self._interval_s)
        # Packets come in order of decoding. Wanted is the first to be shown of each interval; of
        # those so far, it may be this one.
        is_first = pts <= self._first_pts.get(place, pts)
        if is_first:
            self._first_pts[place] = pts
        context.skip_frame = "DEFAULT" if is_first else "NONREF"

    def _has_changed(self, frame: av.VideoFrame) -> bool:
        if self._min_change <= 0:
            return True
        small = self._to_thumbnail.reformat(
            frame, *_THUMBNAIL, format="gray", interpolation=Interpolation.AREA
        )
        thumbnail = small.to_ndarray().astype(np.int16)
        last = self._thumbnail
        if last is not None and np.abs(thumbnail - last).mean() < self._min_change:
            return False
        self._thumbnail = thumbnail
        return True

    def _pixels(self, frame: av.VideoFrame) -> Pixels:
        width, height = _scaled(frame.width, frame.height, self._max_pixels, self._multiple)
        scaled = self._to_rgb.reformat(
            frame, width, height, format="rgb24", interpolation=Interpolation.BICUBIC
        )
        pixels = cast(Pixels, scaled.to_ndarray())
        quarter_turns = round(frame.rotation / 90) % 4
        if quarter_turns % 2 and not self._is_turned:
            self._is_turned = True
            self.width, self.height = self.height, self.width
        # FFmpeg's angle is counterclockwise, and so is NumPy's. FFmpeg pads its rows.
        return np.ascontiguousarray(np.rot90(pixels, quarter_turns))

    def _skip_to(self, frame: av.VideoFrame, time_s: float) -> None:
        """Jump to the last keyframe before `time_s`, if it lies ahead of `frame`."""
        index, time_base = self._stream.index_entries, self._stream.time_base
        if frame.pts is None or time_base is None or not len(index):
            return
        wanted = int((time_s + self._origin_s) / time_base)
        # An index may hold times of decoding. A keyframe shown after `wanted` would not do: sought,
        # it gives the one before it, and all in between would be decoded once more.
        position = index.search_timestamp(wanted - self._max_delay, backward=True)
        if position < 0 or index[position].timestamp <= frame.pts:
            return
        # Jumping throws away the frames that the decoder's threads have begun.
        ahead_s = float((index[position].timestamp - frame.pts) * time_base)
        if ahead_s > 2 * _MAX_THREADS / self._fps:
            with suppress(av.FFmpegError):  # an index may lie; then every frame is decoded
                self._container.seek(wanted, stream=self._stream)


def _scaled(width: int, height: int, max_pixels: int, multiple: int) -> tuple[int, int]:
    """Nearly the same shape, at most `max_pixels`, sides multiples of `multiple`.

    Of those scaled down they are even at least, as subsampled colour likes them.
    """
    nearest = [max(multiple, round(side / multiple) * multiple) for side in (width, height)]
    if nearest[0] * nearest[1] <= max_pixels:
        return nearest[0], nearest[1]
    step = max(2, multiple)
    scale = math.sqrt(max_pixels / (width * height))
    wide, high = (max(step, int(side * scale) // step * step) for side in (width, height))
    return wide, high


def _checked_size(stream: VideoStream) -> tuple[int, int]:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= _MAX_FRAME_PIXELS:
        raise ImageShapeRefused(width, height, "a video may have at most 8192x4320 pixels")
    return width, height


def _measured_s(source: Source) -> float:
    """Length of a file that states none, as browsers record them: the end of its last packet."""
    # The caller's container goes on reading the same file from where it was.
    position = None if isinstance(source, bytes) else source.tell()
    end_s = 0.0
    with opened(source, "video") as container:
        for packet in packets(container, picture_stream(container)):
            if packet.pts is not None and packet.time_base is not None:
                end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        length_s = end_s - start_s(container)
    if position is not None and not isinstance(source, bytes):
        source.seek(position)
    return max(length_s, 1 / _DEFAULT_FPS)
