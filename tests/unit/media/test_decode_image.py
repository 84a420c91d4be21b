from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import PIL.Image
import pytest

from support.media_files import image_file, picture
from thinktalk.errors import ImageShapeRefused, MediaUndecodable
from thinktalk.media.decode import decode_image
from thinktalk.media.types import Image

PICTURE = picture()


def _decoded(data: bytes) -> Image:
    return decode_image(data, max_pixels=10_000_000)


def _corners(image: Image) -> list[tuple[int, ...]]:
    """Colours near the corners, clockwise from the top left, each channel 0, 1 or 2 of 2."""
    high, wide = image.height - 6, image.width - 6
    points = [(5, 5), (5, wide), (high, wide), (high, 5)]
    return [tuple(round(int(v) / 127.5) for v in image.pixels[y, x]) for y, x in points]


RED, GREEN, BLUE, WHITE = (2, 0, 0), (0, 2, 0), (0, 0, 2), (2, 2, 2)


@pytest.mark.parametrize(
    "file_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM"]
)
def test_pictures_of_every_format_show_their_colours(file_format: str) -> None:
    image = _decoded(image_file(PICTURE, file_format))

    assert (image.width, image.height) == (64, 48)
    assert image.pixels.dtype == np.uint8
    assert _corners(image) == [RED, GREEN, WHITE, BLUE]


@pytest.mark.parametrize(
    ("orientation", "size", "corners"),
    [
        (1, (64, 48), [RED, GREEN, WHITE, BLUE]),
        (2, (64, 48), [GREEN, RED, BLUE, WHITE]),
        (3, (64, 48), [WHITE, BLUE, RED, GREEN]),
        (6, (48, 64), [BLUE, RED, GREEN, WHITE]),
        (8, (48, 64), [GREEN, WHITE, BLUE, RED]),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_photos_are_turned_upright(
    file_format: str, orientation: int, size: tuple[int, int], corners: list[tuple[int, ...]]
) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation

    image = _decoded(image_file(PICTURE, file_format, exif=exif))

    assert (image.width, image.height) == size
    assert _corners(image) == corners


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_white(mode: str) -> None:
    source = PIL.Image.new("RGBA", (40, 40), (0, 0, 0, 255))
    source.paste((0, 0, 0, 0), (0, 0, 20, 40))

    image = _decoded(image_file(source.convert(mode)))

    assert image.pixels[20, 5].tolist() == [255, 255, 255]
    assert image.pixels[20, 35].tolist() == [0, 0, 0]


def test_half_transparent_black_is_grey() -> None:
    image = _decoded(image_file(PIL.Image.new("RGBA", (20, 20), (0, 0, 0, 128))))

    assert image.pixels[10, 10] == pytest.approx([127, 127, 127], abs=1)


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    source = PIL.Image.new("P", (20, 20), 0)
    source.putpalette([10, 20, 30, 200, 0, 0])
    source.paste(1, (10, 0, 20, 20))

    image = _decoded(image_file(source, "PNG", transparency=0))

    assert image.pixels[10, 2].tolist() == [255, 255, 255]
    assert image.pixels[10, 15].tolist() == [200, 0, 0]


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 64 * 20).reshape(20, 64).astype(np.uint16)

    image = _decoded(image_file(PIL.Image.fromarray(ramp)))

    assert image.pixels[0, 0].tolist() == [0, 0, 0]
    assert image.pixels[-1, -1].tolist() == [255, 255, 255]
    assert image.pixels[10, 32, 0] == pytest.approx(ramp[10, 32] / 257, abs=1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    file_format = "PNG" if mode in {"1", "L", "P"} else "JPEG"

    image = _decoded(image_file(PIL.Image.new("RGB", (32, 32), "white").convert(mode), file_format))

    assert image.pixels[16, 16] == pytest.approx([255, 255, 255], abs=2)


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(file_format: str) -> None:
    frames = [PIL.Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "blue")]

    data = image_file(frames[0], file_format, save_all=True, append_images=frames[1:])

    assert _decoded(data).pixels[10, 10, 0] > 200


@pytest.mark.parametrize("size", [(10, 50), (50, 10), (1, 1), (4000, 19)])
def test_shapes_that_no_model_takes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageShapeRefused, match=f"It is {size[0]}x{size[1]};"):
        _decoded(image_file(PIL.Image.new("L", size)))


@pytest.mark.parametrize("size", [(11, 11), (2200, 11)])
def test_shapes_at_the_limit_pass(size: tuple[int, int]) -> None:
    image = _decoded(image_file(PIL.Image.new("L", size)))

    assert (image.width, image.height) == size


def _giant() -> bytes:
    """The header of a PNG, and no pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_a_giant_is_refused_by_its_header() -> None:
    started = time.process_time()
    with pytest.raises((ImageShapeRefused, MediaUndecodable), match=r"40000x40000|1600000000"):
        _decoded(_giant())
    assert time.process_time() - started < 0.1


def test_a_giant_in_a_small_icon_is_refused_before_it_is_decoded() -> None:
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(_giant()), 22)
    icon = struct.pack("<HHH", 0, 1, 1) + entry + _giant()

    with pytest.raises(ImageShapeRefused, match="It is 40000x40000; at most 10000000 pixels"):
        _decoded(icon)


@pytest.mark.parametrize("bitmap_format", ["png", "bmp"])
def test_icons_obey_the_limit(bitmap_format: str) -> None:
    icon = image_file(picture(64, 64), "ICO", sizes=[(64, 64)], bitmap_format=bitmap_format)

    assert decode_image(icon, max_pixels=5000).width == 64
    with pytest.raises(ImageShapeRefused, match=r"It is 64x64; at most 3000 pixels"):
        decode_image(icon, max_pixels=3000)


def test_pixels_over_the_limit_are_refused_with_the_limit() -> None:
    with pytest.raises(ImageShapeRefused, match="at most 3000 pixels"):
        decode_image(image_file(PICTURE), max_pixels=3000)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_can_be_fitted_to_a_number_of_pixels(file_format: str, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = image_file(picture(1600, 1200), file_format, exif=exif)

    image = decode_image(data, max_pixels=10_000_000, fit_pixels=30_000)

    assert 25_000 < image.width * image.height <= 30_000
    ratio = image.width / image.height
    assert ratio == pytest.approx(4 / 3 if orientation == 1 else 3 / 4, rel=0.02)


def test_fitting_never_enlarges() -> None:
    image = decode_image(image_file(PICTURE), max_pixels=10_000_000, fit_pixels=1_000_000)

    assert (image.width, image.height) == (64, 48)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_cut_short_is_called_damaged(file_format: str) -> None:
    rng = np.random.default_rng(0)
    data = image_file(rng.integers(0, 255, (64, 64, 3), np.uint8), file_format)

    with pytest.raises(MediaUndecodable):
        _decoded(data[: len(data) // 2])


def test_what_is_no_picture_is_called_by_its_name() -> None:
    with pytest.raises(MediaUndecodable, match="It looks like MP3"):
        _decoded(b"ID3" + bytes(500))


def test_jpeg_2000_is_not_opened() -> None:
    file = io.BytesIO()
    PIL.Image.fromarray(PICTURE).save(file, "JPEG2000")

    with pytest.raises(MediaUndecodable, match="JPEG 2000"):
        _decoded(file.getvalue())


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded() -> None:
    data = image_file(picture(800, 600), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    endless = data[:start] + data[start:-2] * 2000 + data[-2:]

    started = time.process_time()
    with pytest.raises(MediaUndecodable, match=r"It has 20\d\d scans; of this size at most 166 "):
        decode_image(endless, max_pixels=10_000_000)
    assert time.process_time() - started < 1
    assert decode_image(data, max_pixels=10_000_000).width == 800
