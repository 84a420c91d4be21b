"""Pictures that lie about their size or unpack without end. Family `picture`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import PIL.Image

from thinktalk.abuse import crafted
from thinktalk.abuse.case import ANSWERED, EITHER, REFUSED, Case, Expected, Pace
from thinktalk.abuse.samples import gradient, picture_file
from thinktalk.abuse.sending import image_part, inline

Make = Callable[[], bytes]

# The header tells.
_SIZES: dict[str, Make] = {
    "PNG of 100,000 x 100,000": lambda: crafted.png(100_000, 100_000),
    "PNG of 2^31 x 2^31": lambda: crafted.png(2**31 - 1, 2**31 - 1),
    "PNG of 0 x 0": lambda: crafted.png(0, 0),
    "PNG of 1 x 2,000,000,000": lambda: crafted.png(1, 2_000_000_000),
    "GIF of 65,535 x 65,535": lambda: crafted.gif(65_535, 65_535),
    "BMP of 2^31 x 2^31": lambda: crafted.bmp(2**31 - 1, 2**31 - 1),
    "JPEG of 65,535 x 65,535": lambda: crafted.jpeg(65_535, 65_535),
    "TIFF of 2^31 x 2^31": lambda: crafted.tiff(2**31 - 1, 2**31 - 1),
    "icon with a PNG of 100,000 x 100,000": lambda: crafted.icon(crafted.png(100_000, 100_000)),
    "PPM of 99,999 x 99,999": lambda: b"P6 99999 99999 255\n" + bytes(100),
    "1 x 1": lambda: picture_file(PIL.Image.new("RGB", (1, 1))),
    "10,000 x 1": lambda: picture_file(PIL.Image.new("RGB", (10_000, 1))),
    "10,000 x 11": lambda: picture_file(PIL.Image.new("RGB", (10_000, 11))),
}
_NO_PICTURES: dict[str, Make] = {
    "zip bomb": crafted.zip_bomb,
    "gzip bomb": lambda: crafted.zeros_packed(256, as_gzip=True),
    "zeros": lambda: bytes(1_000_000),
    "nothing but a signature": lambda: crafted.PNG_SIGNATURE,
    "PDF": lambda: picture_file(gradient(), "PDF"),
    "EPS": lambda: picture_file(gradient(), "EPS"),
    "PSD": lambda: b"8BPS\0\1" + bytes(64),
    "HTML": lambda: b"<!doctype html><title>picture</title>",
}
# Decoders differ in what they make of these; none may drown in them.
_UNPACKING: dict[str, Make] = {
    "PNG of 64 x 64 whose pixels go on for 1 GB": lambda: crafted.png(64, 64, 1024),
    "PNG of 9,900 x 9,900 in 300 KB": lambda: crafted.png(9_900, 9_900, 281),
    "PNG with a text of 256 MB": lambda: crafted.png_with(
        [(b"zTXt", b"Comment\0\0" + crafted.zeros_packed(256))]
    ),
    "PNG with a colour profile of 256 MB": lambda: crafted.png_with(
        [(b"iCCP", b"profile\0\0" + crafted.zeros_packed(256))]
    ),
    "PNG with 100,000 chunks": lambda: crafted.png_with([(b"teSt", b"x")] * 100_000),
    "GIF of 20,000 frames": lambda: crafted.gif(64, 64, 20_000),
    "TIFF that goes round in circles": crafted.tiff_loop,
    "JPEG of 3,000 scans": lambda: crafted.jpeg_scans(3_000),
}
_HONEST: dict[str, Make] = {
    "animated GIF": lambda: _animated("GIF"),
    "animated WebP": lambda: _animated("WEBP"),
    "animated PNG": lambda: _animated("PNG"),
}


def cases() -> list[Case]:
    return [
        *_all(_SIZES),
        *_all(_NO_PICTURES),
        *_all(_UNPACKING, EITHER, "work"),
        *_all(_HONEST, ANSWERED, "work"),
        picture("JPEG 2000", lambda: picture_file(gradient(), "JPEG2000"), EITHER),
        picture("JPEG 2000 of 100,000 x 100,000", _giant_jpeg_2000),
    ]


def picture(
    name: str,
    make: Make,
    expected: Expected = REFUSED,
    pace: Pace = "header",
    family: str = "picture",
) -> Case:
    """A case that sends one picture."""
    send = inline(image_part, make)
    return Case(family=family, name=name, send=send, expected=expected, pace=pace)


def _all(
    makers: Mapping[str, Make], expected: Expected = REFUSED, pace: Pace = "header"
) -> list[Case]:
    return [picture(name, make, expected, pace) for name, make in makers.items()]


def _animated(file_format: str) -> bytes:
    frames = [gradient(64 + number, 64).resize((64, 64)) for number in range(5)]
    file = io.BytesIO()
    frames[0].save(file, file_format, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


def _giant_jpeg_2000() -> bytes:
    data = picture_file(gradient(), "JPEG2000")
    width, height = (64).to_bytes(4, "big"), (48).to_bytes(4, "big")
    giant = (100_000).to_bytes(4, "big")
    return data.replace(height + width, giant + giant).replace(width + height, giant + giant)
