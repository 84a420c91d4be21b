from __future__ import annotations

import pytest

from support.media_files import audio_file, image_file, picture, tone, video_file
from thinktalk.media.sniff import sniff

SOUND = tone(0.3)


def _named(data: bytes) -> tuple[str, str]:
    container = sniff(data)
    assert container is not None
    return container.name, container.kind


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("wav", "pcm_s16le", "WAV"),
        ("mp3", "libmp3lame", "MP3"),
        ("ogg", "libopus", "OGG"),
        ("flac", "flac", "FLAC"),
        ("ipod", "aac", "M4A"),
        ("adts", "aac", "AAC"),
        ("aiff", "pcm_s16be", "AIFF"),
    ],
)
def test_recordings_are_told_by_their_content(container: str, codec: str, name: str) -> None:
    assert _named(audio_file(SOUND, container=container, codec=codec)) == (name, "audio")


@pytest.mark.parametrize(
    ("file_format", "name"),
    [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WebP"), ("GIF", "GIF"), ("BMP", "BMP"),
     ("TIFF", "TIFF"), ("AVIF", "AVIF")],
)  # fmt: skip
def test_pictures_are_told_by_their_content(file_format: str, name: str) -> None:
    assert _named(image_file(picture(), file_format)) == (name, "image")


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("mp4", "libx264", "MP4"),
        ("mov", "libx264", "MOV"),
        ("matroska", "libx264", "Matroska"),
        ("avi", "mpeg4", "AVI"),
        ("flv", "flv", "FLV"),
        ("mpegts", "libx264", "MPEG-TS"),
    ],
)
def test_videos_are_told_by_their_content(container: str, codec: str, name: str) -> None:
    assert _named(video_file(0.5, container=container, codec=codec)) == (name, "video")


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("3gp", "aac"), ("mov", "aac")])
def test_sound_alone_is_a_recording_whatever_it_came_in(container: str, codec: str) -> None:
    data = audio_file(SOUND, container=container, codec=codec)

    assert _named(data)[1] == "audio"
    assert _named(data[:-1])[1] == "video"  # without the index, which comes last, it may be one


@pytest.mark.parametrize("data", [b"", b"\xff", b"plain text", b"<html></html>", bytes(600)])
def test_other_bytes_are_nothing_known(data: bytes) -> None:
    assert sniff(data) is None
