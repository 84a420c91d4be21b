"""The program of the decoding process: `python -m thinktalk.media.child FD MEMORY_BYTES`.

Takes jobs from the socket it inherited as descriptor FD, one at a time, and answers each with
arrays or with the error that the sender of the file should see. It lives as long as its parent and
is killed by it; what it cannot do is touch the server's memory or sockets.
"""

from __future__ import annotations

import io
import math
import os
import resource
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np
import PIL.Image

from thinktalk.errors import MediaEmpty, MediaError, MediaUndecodable
from thinktalk.media import decode
from thinktalk.media.allowance import Allowance
from thinktalk.media.encode import wav_file
from thinktalk.media.handover import BrokenHandover, memory_file, receive, send, write_all
from thinktalk.media.probe import probe
from thinktalk.media.sniff import Kind
from thinktalk.media.types import Audio, FrameSampling, Samples
from thinktalk.media.video import VideoReader

Answer = tuple[dict[str, Any], list[BinaryIO]]

_MAX_DETAIL_CHARS = 500
# FFmpeg decodes on several threads, whose time adds up; the parent's clock is the real limit.
_CPU_PER_WALL = 8
# Sound may go on after the pictures.
_MORE_SOUND_S = 60.0
# Sound that is streamed goes in pieces of this length: 2 MB.
_STREAMED_S = 30.0
# Of sound that is passed over: each time as much is done, the parent is told that work goes on.
_SKIPPED_SAMPLES = 60 * decode.SOUND_RATE


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    memory_bytes = int(sys.argv[2])
    # Ctrl+C and SIGTERM go to the whole group; the server decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, args=(channel.fileno(),), daemon=True).start()
    # The shape is checked by `decode`, with our own limit.
    PIL.Image.MAX_IMAGE_PIXELS = None
    _warm_up()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Decoders write complaints about hostile files there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    send(channel, {"ready": True})
    try:
        while True:
            _serve_one(channel)
    except BrokenHandover:
        return


def _warm_up() -> None:
    """Load what is imported on first use, before the memory limit and before anyone waits."""
    PIL.Image.init()
    file = io.BytesIO()
    PIL.Image.new("RGB", (16, 16)).save(file, "JPEG")
    decode.decode_image(file.getvalue(), max_pixels=256)
    silence = Audio(np.zeros(decode.SOUND_RATE, np.float32), decode.SOUND_RATE)
    decode.decode_audio(wav_file(silence), sample_rate=8000, max_s=2.0)


def _serve_one(channel: socket.socket) -> None:
    job, (file,) = receive(channel)
    with file:
        if job["job"] == "stream":
            _stream(channel, file, job)
            return
        _send(channel, *_answered(job, lambda: _JOBS[job["job"]](file, job)))


def _stream(channel: socket.socket, file: BinaryIO, job: dict[str, Any]) -> None:
    """Answer each call for more with the next piece, decoded beforehand; the last has no samples.

    Nor have those that only say that the beginning is still being skipped. Whoever does not want
    the rest ends this process.
    """
    pieces = _streamed(file, job)
    while True:
        answer, files = _answered(job, lambda: next(pieces, ({"num_samples": 0}, [])))
        receive(channel)
        _send(channel, answer, files)
        if not (answer.get("num_samples") or answer.get("is_skipping")):
            return


def _streamed(file: BinaryIO, job: dict[str, Any]) -> Iterator[Answer]:
    rate = job["sample_rate"]
    pieces = decode.audio_pieces(file, sample_rate=rate, max_s=job["max_s"], kind=job["kind"])
    wanted = _between(pieces, round(job["start_s"] * rate), _whole(job["keep_s"] * rate))
    for samples in _gathered(wanted, round(_STREAMED_S * rate)):
        if not len(samples):
            yield {"num_samples": 0, "is_skipping": True}, []
            continue
        output = memory_file()
        write_all(output, np.ascontiguousarray(samples, np.float32).data)
        yield {"num_samples": len(samples)}, [output]


def _between(pieces: Iterator[Samples], start: int, end: int) -> Iterator[Samples]:
    """The samples from number `start` to before number `end`; now and then, before those, none."""
    position = num_told = 0
    for piece in pieces:
        if position >= end:
            return
        part = piece[max(0, start - position) : end - position]
        position += len(piece)
        if len(part):
            yield part
        elif start >= position >= num_told + _SKIPPED_SAMPLES:
            num_told = position
            yield part


def _gathered(pieces: Iterator[Samples], num_samples: int) -> Iterator[Samples]:
    """The same sound in pieces of at least `num_samples`, but for the last and for empty ones."""
    waiting: list[Samples] = []
    for piece in pieces:
        if not len(piece):
            yield piece
            continue
        waiting.append(piece)
        if sum(map(len, waiting)) >= num_samples:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _answered(job: dict[str, Any], work: Callable[[], Answer]) -> Answer:
    """What `work` gives, or its failure as data."""
    try:
        _limit_cpu(job["timeout_s"])
        return work()
    except MemoryError:
        return {"error": "memory"}, []
    except MediaError as exc:
        return _described(exc), []
    except Exception as exc:  # a decoder's own fault must not cost the next request its process
        return _described(MediaUndecodable(job["kind"], f"({type(exc).__name__}: {exc})")), []


def _send(channel: socket.socket, answer: dict[str, Any], files: list[BinaryIO]) -> None:
    send(channel, answer, files)
    for sent in files:
        sent.close()


def _probe(file: BinaryIO, job: dict[str, Any]) -> Answer:
    return asdict(probe(file, job["kind"], max_pixels=job["max_pixels"])), []


def _audio(file: BinaryIO, job: dict[str, Any]) -> Answer:
    allowance = Allowance(**job["allowance"])
    sound, num_samples = _write_sound(
        file, job["sample_rate"], job["max_s"], job["keep_s"], "audio", allowance
    )
    return {"num_samples": num_samples}, [sound]


def _image(file: BinaryIO, job: dict[str, Any]) -> Answer:
    header = decode.open_image(file, job["max_pixels"])
    width, height = header.size
    num_pixels = min(width * height, job["fit_pixels"] or width * height)
    Allowance(**job["allowance"]).take(3 * num_pixels)
    image = decode.upright_rgb(header, job["fit_pixels"])
    if (image.width > image.height) != (width > height):
        width, height = height, width
    output = memory_file()
    # Pillow packs pixels straight into a PPM file, in half the time that NumPy takes to get them.
    image.save(output, "PPM")
    shape = (image.height, image.width, 3)
    offset = output.tell() - math.prod(shape)
    return {"shape": shape, "offset": offset, "width": width, "height": height}, [output]


def _video(file: BinaryIO, job: dict[str, Any]) -> Answer:
    pictures = memory_file()
    times_s, shapes = [], []
    allowance = Allowance(**job["allowance"])
    sampling = FrameSampling(**job["sampling"])
    with VideoReader(file, sampling, max_s=job["max_s"], keep_s=job["keep_s"]) as reader:
        for frame in reader.frames():
            allowance.take(frame.image.pixels.nbytes)
            write_all(pictures, frame.image.pixels.data)
            times_s.append(frame.time_s)
            shapes.append(frame.image.pixels.shape)
    if not times_s:
        raise MediaUndecodable("video", "Not one picture in it can be decoded.")
    is_mute = not reader.has_sound or reader.duration_s > job["max_sound_s"]
    answer = {
        "times_s": times_s,
        "shapes": shapes,
        "duration_s": reader.duration_s,
        # Where there is sound that nobody listens to here, it may go on after the pictures.
        "ends_s": None if is_mute and reader.has_sound else reader.seen_until_s,
        "width": reader.width,
        "height": reader.height,
        "num_samples": None,
    }
    if is_mute:
        return answer, [pictures]
    try:
        sound, num_samples = _write_sound(
            file,
            decode.SOUND_RATE,
            job["max_s"],
            job["keep_s"],
            "video",
            allowance,
            most_s=job["max_sound_s"] + _MORE_SOUND_S,
        )
    except MediaEmpty:
        return answer, [pictures]
    return answer | {"num_samples": num_samples}, [pictures, sound]


_JOBS = {"audio": _audio, "image": _image, "probe": _probe, "video": _video}


def _write_sound(
    file: BinaryIO,
    sample_rate: int,
    max_s: float,
    keep_s: float,
    kind: Kind,
    allowance: Allowance,
    *,
    most_s: float = math.inf,
) -> tuple[BinaryIO, int]:
    output = memory_file()
    num_samples = 0
    if os.fstat(file.fileno()).st_size == 0:
        raise MediaEmpty
    pieces = decode.audio_pieces(file, sample_rate=sample_rate, max_s=max_s, kind=kind)
    for piece in _between(pieces, 0, _whole(keep_s * sample_rate)):
        allowance.take(piece.nbytes)
        write_all(output, np.ascontiguousarray(piece, np.float32).data)
        num_samples += len(piece)
        if num_samples > most_s * sample_rate:
            raise MediaUndecodable(kind, "Its sound is longer than the file says.")
    return output, num_samples


def _whole(number: float) -> int:
    return sys.maxsize if math.isinf(number) else round(number)


def _described(error: MediaError) -> dict[str, Any]:
    """An error as data: the parent must not unpickle what this process says."""
    facts = {name: value for name, value in vars(error).items() if value is not None}
    message = str(error)[:_MAX_DETAIL_CHARS]
    return {"error": type(error).__name__, "message": message, "facts": facts}


def _limit_cpu(timeout_s: float) -> None:
    """A last resort for when the parent hangs: SIGXCPU ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit_s = math.ceil(used.ru_utime + used.ru_stime + timeout_s * _CPU_PER_WALL)
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))


def _die_with_parent(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # hang-up is reported without being asked for
    poll.poll()
    os._exit(0)


if __name__ == "__main__":
    main()
