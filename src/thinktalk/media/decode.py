"""Bytes of a file to samples and pixels.

Runs in the decoding process (`worker.py`) for anything that came from outside. A file is judged by
its content; limits are checked against its header first, and while decoding after that. Knows
nothing of addresses or of processes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageChops
import PIL.ImageOps
from PIL.BmpImagePlugin import DibImageFile
from PIL.IcoImagePlugin import IcoFile
from PIL.PngImagePlugin import PngImageFile

from thinktalk.errors import ImageShapeRefused, MediaEmpty, MediaTooLong, MediaUndecodable
from thinktalk.media.demux import Source, audio_stream, declared_s, decoded, opened, start_s
from thinktalk.media.heif import HeifImage
from thinktalk.media.heif_boxes import BrokenHeif
from thinktalk.media.sniff import HEAD_BYTES, Kind, name_of
from thinktalk.media.types import Audio, FrameSampling, Image, Samples, Video
from thinktalk.media.video import VideoReader

SOUND_RATE = 16_000

# Read and handed on in pieces of about a second: per-frame overhead would dominate otherwise.
_PIECE_S = 1.0
# A gap at the start shorter than this is a codec's own delay, not silence.
_MIN_LEAD_S = 0.05
_SOURCE_RATES = (1_000, 768_000)

# Not JPEG 2000, EPS, PDF and the like: large attack surfaces that nobody sends.
_IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "ICO", "PPM")
_ICON, _PNG = b"\x00\x00\x01\x00", b"\x89PNG\r\n\x1a\n"
_SCAN, _BLOCK_BYTES = b"\xff\xda", 1 << 20
_MIN_SCANS, _SCANS_OF_LARGEST = 64, 8
_MIN_SIDE = 10
_MAX_RATIO = 200


def decode_audio(
    source: Source, *, sample_rate: int = 16_000, max_s: float, kind: Kind = "audio"
) -> Audio:
    """The sound of any container, as mono.

    Args:
        sample_rate: Hz of the result.
        max_s: longest recording taken.
        kind: what to call the file in errors; the sound of a video is decoded here too.
    Raises:
        MediaUndecodable, MediaTooLong, MediaEmpty: the last for a file without a single sample.
    """
    pieces = list(audio_pieces(source, sample_rate=sample_rate, max_s=max_s, kind=kind))
    return Audio(np.concatenate(pieces), sample_rate)


def audio_pieces(
    source: Source, *, sample_rate: int, max_s: float, kind: Kind = "audio"
) -> Iterator[Samples]:
    """As `decode_audio`, in pieces of about a second: memory does not grow with length."""
    if isinstance(source, bytes) and not source:
        raise MediaEmpty
    num_samples = 0
    with opened(source, kind) as container:
        stream = audio_stream(container, kind)
        length_s = declared_s(container) or 0.0
        # A WAV that was streamed states a length of hours; its real one is found by reading.
        if length_s > max_s and container.format.name != "wav":
            raise MediaTooLong(kind, length_s, max_s)
        for piece in _mono(decoded(container, stream), sample_rate, start_s(container), kind):
            num_samples += len(piece)
            if num_samples > max_s * sample_rate:
                raise MediaTooLong(kind, max(length_s, num_samples / sample_rate), max_s)
            yield piece
    if num_samples == 0:
        raise MediaEmpty


def _mono(
    frames: Iterator[av.AudioFrame], sample_rate: int, origin_s: float, kind: Kind
) -> Iterator[Samples]:
    """Mix down and resample; a track that starts late is led in by silence."""
    resampler: av.AudioResampler | None = None
    layout: tuple[str, str, int] | None = None
    for frame in frames:
        if layout is None and (lead_s := (frame.time or 0.0) - origin_s) > _MIN_LEAD_S:
            yield np.zeros(round(min(lead_s, 3600.0) * sample_rate), np.float32)
        _check_rate(frame.sample_rate, kind)
        if layout != (layout := (frame.format.name, frame.layout.name, frame.sample_rate)):
            # Chained streams change their layout midway.
            yield from _resampled(resampler, None)
            resampler = _resampler(sample_rate)
        yield from _resampled(resampler, frame)
    yield from _resampled(resampler, None)


def _check_rate(sample_rate: int, kind: Kind) -> None:
    # A rate of gigahertz makes a resampling filter that takes minutes to set up.
    low, high = _SOURCE_RATES
    if not low <= sample_rate <= high:
        raise MediaUndecodable(kind, f"Its rate of {sample_rate} Hz is not in {low} to {high} Hz.")


def _resampler(sample_rate: int) -> av.AudioResampler:
    return av.AudioResampler(
        format="flt",
        layout="mono",
        rate=sample_rate,
        frame_size=round(_PIECE_S * sample_rate),
        # Without this, two equal full-scale channels would mix to 1.41.
        options={"rematrix_maxval": "1.0"},
    )


def _resampled(
    resampler: av.AudioResampler | None, frame: av.AudioFrame | None
) -> Iterator[Samples]:
    if resampler is None:
        return
    for resampled in resampler.resample(frame):
        samples = resampled.to_ndarray().reshape(-1)
        # Float files may hold NaN or values far out of range, and resampling overshoots a little.
        yield np.clip(np.nan_to_num(samples), -1.0, 1.0)


def decode_video(source: Source, sampling: FrameSampling, *, max_s: float) -> Video:
    """Frames as `sampling` wants them, and the sound at 16 kHz or None where there is none.

    Raises what `VideoReader` raises, and `MediaUndecodable` for a video without a single picture.
    """
    with VideoReader(source, sampling, max_s=max_s) as reader:
        frames = tuple(reader.frames())
    if not frames:
        raise MediaUndecodable("video", "Not one picture in it can be decoded.")
    sound = None
    if reader.has_sound:
        with suppress(MediaEmpty):
            sound = decode_audio(source, sample_rate=SOUND_RATE, max_s=max_s, kind="video")
    return Video(frames, sound, reader.duration_s, reader.width, reader.height)


def decode_image(source: Source, *, max_pixels: int, fit_pixels: int | None = None) -> Image:
    """A picture as upright RGB: the first frame of an animation, transparency laid on white.

    Args:
        max_pixels: largest width x height taken; judged by the header, before decoding.
        fit_pixels: scale down to at most this many pixels; None keeps the size.
    Raises:
        ImageShapeRefused: too many pixels, a side of 10 or less, or longer than 200:1.
        MediaUndecodable: not a picture, or a damaged one.
    """
    return Image(np.asarray(upright_rgb(open_image(source, max_pixels), fit_pixels)))


def open_image(source: Source, max_pixels: int) -> PIL.Image.Image:
    """Read the header and check the shape. Pixels are decoded later, on first use."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        _check_icon(file, max_pixels)
        is_heic = name_of(_head(file)) == "HEIC"
        file.seek(0)
        image = HeifImage(file) if is_heic else PIL.Image.open(file, formats=_IMAGE_FORMATS)
    except (MemoryError, ImageShapeRefused):
        raise
    except PIL.Image.DecompressionBombError as exc:
        raise MediaUndecodable("image", str(exc)) from exc
    except Exception as exc:  # decoders raise anything at all on hostile bytes
        raise MediaUndecodable("image", _guess(file, exc)) from exc
    width, height = image.size
    _check_pixels(width, height, max_pixels)
    if min(width, height) <= _MIN_SIDE:
        raise ImageShapeRefused(width, height, f"each side must be over {_MIN_SIDE} pixels")
    if max(width, height) > _MAX_RATIO * min(width, height):
        raise ImageShapeRefused(width, height, f"the ratio may be at most {_MAX_RATIO}:1")
    if image.format == "JPEG":
        _check_scans(file, width * height, max_pixels)
    return image


def _check_scans(file: BinaryIO, num_pixels: int, max_pixels: int) -> None:
    """Each scan of a JPEG passes over all of its pixels; real ones have a dozen, in a few bytes."""
    position = file.tell()
    file.seek(0)
    num_scans, last = 0, b""
    while block := file.read(_BLOCK_BYTES):
        # The marker cannot stand within the data of a scan.
        num_scans += (last + block).count(_SCAN)
        last = block[-1:]
    file.seek(position)
    limit = max(_MIN_SCANS, _SCANS_OF_LARGEST * max_pixels // num_pixels)
    if num_scans > limit:
        detail = f"It has {num_scans} scans; of this size at most {limit} are accepted."
        raise MediaUndecodable("image", detail)


def _check_icon(file: BinaryIO, max_pixels: int) -> None:
    """Judge an icon by the picture in it: to open one is to decode it, whatever size it states."""
    file.seek(0)
    if file.read(len(_ICON)) != _ICON:
        return
    file.seek(0)
    offset = IcoFile(file).entry[0].offset
    file.seek(offset)
    is_png = file.read(len(_PNG)) == _PNG
    file.seek(offset)
    width, height = (PngImageFile if is_png else DibImageFile)(file).size
    # A bitmap in an icon has its mask below it.
    _check_pixels(width, height if is_png else height // 2, max_pixels)


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageShapeRefused(width, height, f"at most {max_pixels} pixels are accepted")


def upright_rgb(image: PIL.Image.Image, fit_pixels: int | None = None) -> PIL.Image.Image:
    """Decode an opened picture, in mode RGB, scaled down to at most `fit_pixels`."""
    try:
        if fit_pixels:
            # JPEG decodes at a half, a quarter or an eighth for a fraction of the work.
            image.draft("RGB", _fitted(image, fit_pixels))
        PIL.ImageOps.exif_transpose(image, in_place=True)
        image = _rgb(image)
        if fit_pixels and image.width * image.height > fit_pixels:
            bicubic = PIL.Image.Resampling.BICUBIC
            image = image.resize(_fitted(image, fit_pixels), bicubic, reducing_gap=3.0)
        return image
    except MemoryError:
        raise
    except Exception as exc:  # decoders raise anything at all on hostile bytes
        is_heic = isinstance(image, HeifImage)
        detail = _heic_refusal(exc) if is_heic else f"It is damaged: {exc}."
        raise MediaUndecodable("image", detail) from exc


def _fitted(image: PIL.Image.Image, fit_pixels: int) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(fit_pixels / (image.width * image.height)))
    return max(1, int(image.width * scale)), max(1, int(image.height * scale))


def _rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        # 16-bit grey; Pillow itself would clip it to 8 bits rather than scale it.
        grey = np.asarray(image).astype(np.int32) >> 8
        return PIL.Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        return _from_floats(np.asarray(image))
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow takes the ink of every JPEG for written upside down; only Adobe's programs do it.
        image = PIL.ImageChops.invert(image)
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        page = PIL.Image.new("RGBA", layered.size, "white")
        return PIL.Image.alpha_composite(page, layered).convert("RGB")
    return image.convert("RGB")


def _from_floats(grey: npt.NDArray[np.float32]) -> PIL.Image.Image:
    """Brightness of any scale, with what is brightest as white unless it lies below 1."""
    grey = np.nan_to_num(grey, posinf=0.0)
    scaled = np.clip(grey * (255 / max(1.0, float(grey.max()))), 0, 255)
    return PIL.Image.fromarray(scaled.astype(np.uint8)).convert("RGB")


def _guess(file: BinaryIO, error: Exception) -> str:
    """What the file seems to be, and what to do where it is a picture of a kind not read here."""
    name = name_of(_head(file))
    if name is None:
        return ""
    if isinstance(error, BrokenHeif):
        return _heic_refusal(error)
    is_read = name.replace("WebP", "WEBP") in _IMAGE_FORMATS
    return f"It looks like {name}." if is_read else f"It looks like {name}. Send JPEG or PNG."


def _heic_refusal(error: Exception) -> str:
    return f"It looks like HEIC, but cannot be read ({error}). Send it as JPEG or PNG."


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD_BYTES)
