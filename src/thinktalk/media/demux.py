"""Opening containers with FFmpeg, from an allow-list of formats and codecs.

What arrives here was sent by strangers. FFmpeg knows hundreds of formats, some of which (playlists,
`concat`) name further files to open; only those that people send as media may be tried. Damaged
packets are passed over, as players do. Knows nothing of sample rates or frame sizes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import av

from thinktalk.errors import MediaUndecodable
from thinktalk.media.sniff import HEAD_BYTES, Kind, iso_boxes, name_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

Source = bytes | BinaryIO

_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,"
    "mpegvideo,ogg,w64,wav,webm"
)

# Speech codecs and those of the containers above, as FFmpeg names its decoders.
_AUDIO_DECODERS = (
    "aac,aac_latm,ac3,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,alac,amrnb,amrwb,dca,eac3,flac,gsm,gsm_ms,"
    "libopencore_amrnb,libopencore_amrwb,libopus,libspeex,libvorbis,mp1,mp1float,mp2,mp2float,mp3,"
    "mp3float,nellymoser,opus,pcm_alaw,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,"
    "pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s8,pcm_u8,speex,truehd,vorbis,"
    "wmalossless,wmapro,wmav1,wmav2,wmavoice"
)
_VIDEO_DECODERS = (
    "av1,cinepak,dnxhd,dvvideo,ffv1,flv,h261,h263,h263i,h263p,h264,hevc,huffyuv,libaom-av1,"
    "libdav1d,libvpx,libvpx-vp9,mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4,msmpeg4v1,msmpeg4v2,"
    "msmpeg4v3,png,prores,qtrle,rawvideo,svq1,svq3,theora,utvideo,vc1,vp6,vp6a,vp6f,vp8,vp9,vvc,"
    "wmv1,wmv2,wmv3"
)

_OPTIONS = {
    "format_whitelist": _DEMUXERS,
    "codec_whitelist": f"{_AUDIO_DECODERS},{_VIDEO_DECODERS}",
    # The bytes are handed over by us: there is nothing that FFmpeg should open itself.
    "protocol_whitelist": "none",
    "max_streams": "64",
}
# Formats that cannot be read without the box that tells where everything is.
_INDEXED = ("MP4", "MOV", "M4A", "3GP")
_BUFFER_BYTES = 256 * 1024
# One after the other: minutes of any codec.
_MAX_DAMAGED = 20_000


@contextmanager
def opened(source: Source, kind: Kind) -> Generator[InputContainer, None, None]:
    """A container over `source`, from its start.

    Whatever FFmpeg fails at, when opening or while the block runs, becomes `MediaUndecodable`.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    file.seek(0)
    try:
        with av.open(
            file,
            "r",
            container_options=_OPTIONS,
            buffer_size=_BUFFER_BYTES,
            # Titles of songs come in any encoding.
            metadata_errors="replace",
        ) as container:
            yield container
    except MemoryError:
        raise
    except av.FFmpegError as exc:
        raise MediaUndecodable(kind, _reason(file, exc)) from exc


def _reason(file: BinaryIO, error: av.FFmpegError) -> str:
    file.seek(0)
    name = name_of(file.read(HEAD_BYTES))
    if name is None:
        return f"({error.strerror})"
    if name in _INDEXED and not any(box == b"moov" for box, _, _ in iso_boxes(file)):
        return f"It looks like {name}, but its index is missing (moov): it was cut off at its end."
    return f"It looks like {name}. ({error.strerror})"


def audio_stream(container: InputContainer, kind: Kind) -> AudioStream:
    """The sound track a player would choose."""
    best = container.streams.best("audio")
    if best is None:
        raise MediaUndecodable(kind, "It has no sound track.")
    stream = container.streams.audio[[s.index for s in container.streams.audio].index(best.index)]
    _check_codec(stream, _AUDIO_DECODERS, kind)
    return stream


def picture_stream(container: InputContainer) -> VideoStream:
    """The first track of moving pictures; a cover picture is none."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            _check_codec(stream, _VIDEO_DECODERS, "video")
            return stream
    if container.streams.audio:
        raise MediaUndecodable("video", "It has sound and no pictures: send it as input_audio.")
    raise MediaUndecodable("video", "It has no picture track.")


def decoded(
    container: InputContainer,
    stream: AudioStream | VideoStream,
    before: Callable[[Packet[Any]], None] | None = None,
) -> Iterator[Any]:
    """Frames of one stream in order of presentation, also after a `container.seek` in between.

    It ends where so many packets in a row are damaged that nothing can be hoped for behind them.

    Args:
        before: sees each packet before the decoder does, to set that up for it.
    """
    num_damaged = 0
    for packet in packets(container, stream):
        if before is not None:
            before(packet)
        try:
            frames = packet.decode()
            num_damaged = 0
        except MemoryError:
            raise
        except av.FFmpegError:
            frames = []
            num_damaged += 1
            if num_damaged > _MAX_DAMAGED:
                return
        yield from frames


def start_s(container: InputContainer) -> float:
    """The time stamp at which the file's own clock begins."""
    return (container.start_time or 0) / av.time_base


def declared_s(container: InputContainer) -> float | None:
    """The length that the file states, which need not be true; None when it states none."""
    return container.duration / av.time_base if container.duration else None


def packets(container: InputContainer, stream: AudioStream | VideoStream) -> Iterator[Packet[Any]]:
    """Packets of one stream, up to the end or to where the file was cut off."""
    following = container.demux(stream)
    while True:
        try:
            packet = next(following, None)
        except MemoryError:
            raise
        except av.FFmpegError:
            return
        if packet is None:
            return
        yield packet


def _check_codec(stream: AudioStream | VideoStream, allowed: str, kind: Kind) -> None:
    context = stream.codec_context
    if context is None:
        raise MediaUndecodable(kind, "Its codec is not known.")
    if context.name not in allowed.split(","):
        raise MediaUndecodable(kind, f"Its codec {context.name} is not accepted.")
