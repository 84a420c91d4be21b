"""Every format that is promised, one file each, made here: opened right and called by its name."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image
import pytest

from support.heic_file import cropped, heic_file, mirrored, turned
from support.media_files import (
    Pixels,
    audio_file,
    blocks_at,
    image_file,
    picture,
    tone,
    video_file,
)
from thinktalk.errors import ImageShapeRefused, MediaUndecodable
from thinktalk.media.decode import decode_audio, decode_image, decode_video
from thinktalk.media.sniff import iso_boxes, name_of, sniff
from thinktalk.media.types import FrameSampling, Image, Video
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
FIELDS = [RED, GREEN, WHITE, BLUE]
PICTURE = picture(96, 64)


def _image(data: bytes) -> Image:
    return decode_image(data, max_pixels=10_000_000)


def _corners(image: Image) -> list[tuple[int, ...]]:
    """Colours near the corners, clockwise from the top left, channels rounded to 0, 127 or 255."""
    right, bottom = image.width - 8, image.height - 8
    points = [(8, 8), (8, right), (bottom, right), (bottom, 8)]
    return [tuple(int(round(int(v) / 127.5) * 127.5) for v in image.pixels[p]) for p in points]


# Recordings


@pytest.mark.parametrize(
    ("container", "codec", "sample_rate", "name"),
    [
        ("amr", "libopencore_amrnb", 8_000, "AMR"),
        ("3gp", "libopencore_amrnb", 8_000, "3GP"),
        ("3gp", "aac", 16_000, "3GP"),
        ("ogg", "vorbis", 48_000, "OGG"),
        ("ogg", "flac", 16_000, "OGG"),
        ("webm", "vorbis", 48_000, "WebM"),
        ("webm", "libopus", 48_000, "WebM"),
        ("matroska", "aac", 48_000, "Matroska"),
        ("mp4", "aac", 48_000, "MP4"),
        ("mov", "pcm_s16le", 16_000, "MOV"),
        ("asf", "wmav2", 44_100, "WMA"),
        ("caf", "pcm_s16le", 16_000, "CAF"),
        ("au", "pcm_s16be", 16_000, "AU"),
        ("w64", "pcm_s16le", 16_000, "Wave64"),
        ("ac3", "ac3", 48_000, "AC-3"),
        ("mp2", "mp2", 48_000, "MP3"),
    ],
)
def test_recordings_are_heard_and_named(
    container: str, codec: str, sample_rate: int, name: str
) -> None:
    sound = tone(2.0, sample_rate, level=0.25)
    options = {"strict": "experimental"} if codec == "vorbis" else {}
    if codec in ("vorbis", "wmav2"):
        sound = np.stack([sound, sound])

    data = audio_file(sound, sample_rate, container=container, codec=codec, options=options)
    heard = decode_audio(data, max_s=10)

    found = sniff(data)
    assert found is not None
    assert (found.name, found.kind) == (name, "audio")
    assert heard.duration_s == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(heard.samples[8000:24_000]))
    assert int(spectrum.argmax()) == 440
    # Telephone codecs weaken a bare tone by a quarter.
    assert np.sqrt((heard.samples[8000:24_000] ** 2).mean()) == pytest.approx(0.18, abs=0.05)


@pytest.mark.parametrize(("frame_type", "num_bytes"), [(0, 17), (2, 32), (8, 60)])
def test_wide_band_amr_is_decoded(frame_type: int, num_bytes: int) -> None:
    # No encoder is at hand, but any bits are parameters of some sound.
    rng = np.random.default_rng(0)
    head = bytes([frame_type << 3 | 4])
    frames = [head + rng.bytes(num_bytes) for _ in range(50)]

    heard = decode_audio(b"#!AMR-WB\n" + b"".join(frames), max_s=10)

    assert heard.duration_s == pytest.approx(1.0)
    assert np.abs(heard.samples).max() > 0.01


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_a_recording_whose_end_is_missing_is_heard_up_to_there(codec: str) -> None:
    data = _with_index_first(audio_file(tone(4.0), container="ipod", codec=codec))

    assert decode_audio(data[: len(data) * 6 // 10], max_s=10).duration_s > 1.5


def _with_index_first(data: bytes) -> bytes:
    """The same MP4 with its index before the data, as for the web."""
    boxes = {name: data[start:end] for name, start, end in iso_boxes(io.BytesIO(data))}
    index = boxes[b"moov"]
    # Tables of places: where the pieces lie, as 32-bit numbers from the start of the file.
    for table in re.finditer(rb"stco....", index, re.S):
        count = int.from_bytes(index[table.end() : table.end() + 4], "big")
        places = struct.unpack_from(f">{count}I", index, table.end() + 4)
        moved = struct.pack(f">{count}I", *(place + len(index) for place in places))
        index = index[: table.end() + 4] + moved + index[table.end() + 4 + len(moved) :]
    return boxes[b"ftyp"] + index + boxes.get(b"free", b"") + boxes[b"mdat"]


# Pictures


def _png16(pixels: Any) -> bytes:
    """A PNG of 16 bits a channel; `pixels`: uint16, shape (height, width, 1 to 4)."""
    height, width, channels = pixels.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _tiff16(pixels: Any) -> bytes:
    """A TIFF of 16 bits a channel; `pixels`: uint16, shape (height, width, 3)."""
    height, width, channels = pixels.shape
    content = pixels.astype("<u2").tobytes()
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8 + len(content)), (259, 3, 1, 1),
        (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, channels), (278, 4, 1, height),
        (279, 4, 1, len(content)),
    ]  # fmt: skip
    depths = struct.pack("<3H", 16, 16, 16)
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries)
    head = b"II*\x00" + struct.pack("<I", 8 + len(content) + len(depths))
    return head + content + depths + table + bytes(4)


def _deep(pixels: Pixels) -> Any:
    return pixels.astype(np.uint16) * 257


def _without_adobe_mark(data: bytes) -> bytes:
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def _cmyk() -> bytes:
    return image_file(PIL.Image.fromarray(PICTURE).convert("CMYK"), "JPEG", quality=95)


def _plain_cmyk() -> bytes:
    """Ink as it is, and no mark of Adobe's, who write it upside down."""
    ink = PIL.Image.fromarray(PICTURE).convert("CMYK")
    upside_down = PIL.Image.fromarray(255 - np.asarray(ink), "CMYK")
    return _without_adobe_mark(image_file(upside_down, "JPEG", quality=95))


def _animated_png() -> bytes:
    frames = [PIL.Image.fromarray(PICTURE), *(PIL.Image.new("RGB", (96, 64)) for _ in range(2))]
    return image_file(frames[0], "PNG", save_all=True, append_images=frames[1:])


FOUR_FIELDS = {
    "heic": lambda: heic_file(PICTURE),
    "heic grid": lambda: heic_file(PICTURE, tile=(32, 32)),
    "heic grid over the edge": lambda: heic_file(PICTURE, tile=(64, 48)),
    "heic of ten bits": lambda: heic_file(PICTURE, pix_fmt="yuv420p10le"),
    "heic in its meta box": lambda: heic_file(PICTURE, in_meta=True),
    "heic called mif1": lambda: heic_file(PICTURE, brand=b"mif1"),
    "cmyk of Adobe": _cmyk,
    "cmyk of others": _plain_cmyk,
    "cmyk tiff": lambda: image_file(PIL.Image.fromarray(PICTURE).convert("CMYK"), "TIFF"),
    "16-bit png": lambda: _png16(_deep(PICTURE)),
    "16-bit png with alpha": lambda: _png16(
        np.concatenate([_deep(PICTURE), np.full((64, 96, 1), 65_535, np.uint16)], axis=2)
    ),
    "16-bit tiff": lambda: _tiff16(_deep(PICTURE)),
    "palette gif": lambda: image_file(PIL.Image.fromarray(PICTURE).quantize(8), "GIF"),
    "palette bmp": lambda: image_file(PIL.Image.fromarray(PICTURE).quantize(8), "BMP"),
    "palette tiff": lambda: image_file(PIL.Image.fromarray(PICTURE).quantize(8), "TIFF"),
    "animated png": _animated_png,
    "packed tiff": lambda: image_file(PICTURE, "TIFF", compression="tiff_lzw"),
    "jpeg in tiff": lambda: image_file(PICTURE, "TIFF", compression="jpeg"),
    "lossless webp": lambda: image_file(PICTURE, "WEBP", lossless=True),
    "progressive jpeg": lambda: image_file(PICTURE, "JPEG", progressive=True),
    "interlaced png": lambda: image_file(PICTURE, "PNG", interlace=1),
}


@pytest.mark.parametrize("name", FOUR_FIELDS)
def test_pictures_of_every_kind_show_their_colours(name: str) -> None:
    image = _image(FOUR_FIELDS[name]())

    assert (image.width, image.height) == (96, 64)
    assert _corners(image) == FIELDS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "TIFF", "AVIF"])
def test_all_eight_orientations_are_put_upright(file_format: str, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    turns = {1: (0, 1), 2: (0, -1), 3: (2, 1), 4: (2, -1), 5: (3, -1), 6: (1, 1), 7: (1, -1),
             8: (3, 1)}  # fmt: skip
    quarters, flip = turns[orientation]
    # Stored as a camera held that way would: turning it upright must give the picture back.
    stored = np.ascontiguousarray(np.rot90(PICTURE, quarters)[:, ::flip])

    image = _image(image_file(stored, file_format, exif=exif))

    assert (image.width, image.height) == (96, 64)
    assert _corners(image) == FIELDS


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        ([turned(1)], np.rot90(PICTURE)),
        ([turned(2)], np.rot90(PICTURE, 2)),
        ([turned(3)], np.rot90(PICTURE, 3)),
        ([mirrored(left_right=True)], PICTURE[:, ::-1]),
        ([mirrored(left_right=False)], PICTURE[::-1]),
        ([turned(1), mirrored(left_right=True)], np.rot90(PICTURE)[:, ::-1]),
        ([cropped(80, 40, right=8, down=-4)], PICTURE[8:48, 16:]),
        ([cropped(80, 40, right=8, down=-4), turned(1)], np.rot90(PICTURE[8:48, 16:])),
    ],
)
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_heic_is_turned_mirrored_and_cropped(
    transforms: list[tuple[bytes, bytes]], expected: Pixels, tile: tuple[int, int] | None
) -> None:
    image = _image(heic_file(PICTURE, transforms=transforms, tile=tile))

    assert image.pixels.shape == expected.shape
    assert np.abs(image.pixels.astype(int) - expected).mean() < 8


def test_heic_obeys_the_limits_before_it_is_decoded() -> None:
    data = heic_file(PICTURE, tile=(32, 32))

    with pytest.raises(ImageShapeRefused, match=r"It is 96x64; at most 5000 pixels"):
        decode_image(data, max_pixels=5000)
    assert decode_image(data, max_pixels=10_000, fit_pixels=1000).width in range(35, 40)


async def test_heic_is_decoded_within_the_limits_of_the_worker() -> None:
    worker = DecodeWorker(MediaSettings(), num_processes=1)
    try:
        image = await worker.image(heic_file(PICTURE, tile=(32, 32), transforms=[turned(1)]))
    finally:
        await worker.stop()

    assert (image.width, image.height) == (64, 96)
    assert _corners(image) == [GREEN, WHITE, BLUE, RED]


def test_heic_that_cannot_be_read_is_named_with_a_remedy() -> None:
    data = heic_file(PICTURE).replace(b"hvc1", b"vvc1")

    with pytest.raises(MediaUndecodable, match=r"HEIC.* type vvc1.* Send it as JPEG or PNG\."):
        _image(data)


def test_a_grid_may_not_claim_tiles_that_are_not_there() -> None:
    data = heic_file(PICTURE, tile=(32, 32))
    grid = struct.pack(">BBBBHH", 0, 0, 1, 2, 96, 64)
    assert grid in data

    with pytest.raises(MediaUndecodable, match="6 tiles in a grid of 256x2"):
        _image(data.replace(grid, struct.pack(">BBBBHH", 0, 0, 1, 255, 96, 64)))


def test_a_small_heic_may_not_hold_giant_tiles() -> None:
    large, small = (struct.pack(">II", *size) for size in ((640, 480), (64, 48)))
    data = heic_file(np.zeros((480, 640, 3), np.uint8))

    with pytest.raises(MediaUndecodable, match="640x480 pixels are called 64x48"):
        _image(data.replace(large, small))


def test_the_tiles_of_a_heic_may_not_be_one_and_the_same_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    data = heic_file(noise, tile=(32, 32))
    start = data.index(b"iloc") + 12
    entries = [data[start + 16 * n : start + 16 * (n + 1)] for n in range(6)]
    whole = struct.pack(">II", 0, len(data) // 2)
    for entry in entries:
        data = data.replace(entry, entry[:8] + whole)

    with pytest.raises(MediaUndecodable, match="its items are larger than the file"):
        _image(data)


def test_sixteen_bit_grey_with_alpha_lies_on_white() -> None:
    pixels = np.zeros((20, 20, 2), np.uint16)
    pixels[:, 10:] = (20_000, 65_535)

    image = _image(_png16(pixels))

    assert image.pixels[10, 2].tolist() == [255, 255, 255]
    assert image.pixels[10, 15] == pytest.approx([78, 78, 78], abs=1)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_brightness_as_floats_is_seen(scale: float) -> None:
    ramp = np.linspace(0, scale, 64 * 20, dtype=np.float32).reshape(20, 64)

    image = _image(image_file(PIL.Image.fromarray(ramp), "TIFF"))

    assert image.pixels[0, 0, 0] == 0
    assert image.pixels[10, 32, 0] == pytest.approx(ramp[10, 32] / scale * 255, abs=1)


def test_bilevel_pictures_are_black_and_white() -> None:
    page = PIL.Image.new("1", (40, 40), 1)
    page.paste(0, (0, 0, 20, 40))

    for file_format in ("PNG", "TIFF", "BMP"):
        image = _image(image_file(page, file_format))
        assert image.pixels[20, 5].tolist() == [0, 0, 0]
        assert image.pixels[20, 35].tolist() == [255, 255, 255]


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_shows_the_page(file_format: str) -> None:
    source = PIL.Image.new("P", (20, 20), 0)
    source.putpalette([10, 20, 30, 200, 0, 0])
    source.paste(1, (10, 0, 20, 20))

    image = _image(image_file(source, file_format, transparency=0))

    assert image.pixels[10, 2].tolist() == [255, 255, 255]
    assert image.pixels[10, 15].tolist() == [200, 0, 0]


# Videos


def _video(data: bytes, **sampling: Any) -> Video:
    return decode_video(data, FrameSampling(**sampling), max_s=100)


def _levels(video: Video) -> list[float]:
    return [float(frame.image.pixels.mean()) for frame in video.frames]


@pytest.mark.parametrize(
    ("container", "codec", "sound_codec", "name"),
    [
        ("mp4", "libx264", "aac", "MP4"),
        ("mp4", "libx265", "aac", "MP4"),
        ("mp4", "libsvtav1", "aac", "MP4"),
        ("mov", "prores_ks", "pcm_s16le", "MOV"),
        ("mov", "mjpeg", "aac", "MOV"),
        ("matroska", "libx264", "flac", "Matroska"),
        ("matroska", "ffv1", "pcm_s16le", "Matroska"),
        ("webm", "libvpx", "libopus", "WebM"),
        ("webm", "libvpx-vp9", "libopus", "WebM"),
        ("avi", "mpeg4", "libmp3lame", "AVI"),
        ("avi", "mjpeg", "pcm_s16le", "AVI"),
        ("flv", "flv", "aac", "FLV"),
        ("flv", "libx264", "aac", "FLV"),
        ("asf", "wmv2", "wmav2", "WMV"),
        ("3gp", "mpeg4", "aac", "3GP"),
        ("mpegts", "libx264", "mp2", "MPEG-TS"),
    ],
)
def test_videos_are_seen_heard_and_named(
    container: str, codec: str, sound_codec: str, name: str
) -> None:
    data = video_file(
        2.0, container=container, codec=codec, sound=tone(2.0), sound_codec=sound_codec,
        fps=25, pix_fmt=_PIXEL_FORMATS.get(codec, "yuv420p"),
    )  # fmt: skip

    video = _video(data)

    found = sniff(data)
    assert found is not None
    assert (found.name, found.kind) == (name, "video")
    # Some containers give pictures a start of their own.
    assert [f.time_s for f in video.frames] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.13)
    # The grey of the test video rises by 120 a second.
    assert _levels(video) == pytest.approx([0, 60, 120, 180], abs=12)
    assert video.audio is not None
    assert video.audio.duration_s == pytest.approx(2.0, abs=0.15)
    assert int(np.abs(np.fft.rfft(video.audio.samples[8000:24_000])).argmax()) == 440


_PIXEL_FORMATS = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}


def test_the_pieces_of_a_live_recording_are_one_video() -> None:
    movflags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

    video = _video(
        video_file(4.0, sound=tone(4.0), options={"g": "10"}, container_options=movflags)
    )

    assert len(video.frames) == 8
    assert video.duration_s == pytest.approx(4.0, abs=0.25)
    assert video.audio is not None
    assert video.audio.duration_s == pytest.approx(4.0, abs=0.15)


def test_an_mp4_cut_off_in_the_middle_shows_what_is_there() -> None:
    data = _with_index_first(
        video_file(8.0, sound=tone(8.0), options={"g": "10"}, picture_at=blocks_at)
    )

    video = _video(data[: len(data) * 6 // 10])

    assert 4 <= len(video.frames) < 16
    assert video.audio is not None
    assert 1.5 < video.audio.duration_s < 8.0


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_an_mp4_without_its_index_says_so(container: str) -> None:
    data = video_file(2.0, container=container, picture_at=blocks_at)

    with pytest.raises(
        MediaUndecodable,
        match=rf"looks like {container.upper()}, but its index is missing \(moov\)",
    ):
        _video(data[: data.rindex(b"moov") - 4])
    with pytest.raises(MediaUndecodable, match="index is missing"):
        decode_audio(data[: data.rindex(b"moov") - 4], max_s=10)


@pytest.mark.parametrize("container", ["mp4", "3gp", "webm"])
def test_sound_sent_as_a_video_is_told_where_it_belongs(container: str) -> None:
    codec = "libopus" if container == "webm" else "aac"
    data = audio_file(tone(1.0, 48_000), 48_000, container=container, codec=codec)

    with pytest.raises(MediaUndecodable, match="sound and no pictures: send it as input_audio"):
        _video(data)


def test_a_video_without_sound_has_none_and_its_sound_is_asked_for_in_vain() -> None:
    data = video_file(1.0)

    assert _video(data).audio is None
    with pytest.raises(MediaUndecodable, match="It has no sound track"):
        decode_audio(data, max_s=10)


# What they are called


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (heic_file(PICTURE), "HEIC"),
        (image_file(PICTURE, "AVIF"), "AVIF"),
        (image_file(picture(64, 64), "ICO"), "ICO"),
        (image_file(PICTURE, "JPEG2000"), "JPEG 2000"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<svg/>", "SVG"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\n <html lang='en'>", "HTML"),
        (b"PK\x03\x04" + bytes(30), "ZIP (also DOCX, XLSX, PPTX)"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"#EXTM3U\n", "a playlist"),
        (b"hello", None),
        (b"", None),
    ],
)
def test_files_are_called_by_their_name(data: bytes, name: str | None) -> None:
    assert name_of(data) == name


@pytest.mark.parametrize(
    ("data", "name"), [(b"%PDF-1.7\n" + bytes(500), "PDF"), (b"<html><body>404", "HTML")]
)
def test_a_refusal_says_what_the_file_seems_to_be(data: bytes, name: str) -> None:
    with pytest.raises(MediaUndecodable, match=f"It looks like {name}. Send JPEG or PNG."):
        _image(data)
    with pytest.raises(MediaUndecodable, match=f"It looks like {name}"):
        _video(data)
    with pytest.raises(MediaUndecodable, match=f"It looks like {name}"):
        decode_audio(data, max_s=10)
