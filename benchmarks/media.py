"""Media on their way to the engine: a long video against qwen-omni-utils, and a large picture.

python -m benchmarks.media [video [SECONDS] | picture]

The video, 400 s of 720p with sound, is made in code the first time (`build/`, three minutes). Both
sides make the frames that it is billed for (800 of 896x480) and 16 kHz sound of it, each in
processes of its own; memory is that of all of them together, looked at every 20 ms, files in memory
included. qwen-omni-utils is installed into an environment of its own (`build/qwen`) the first time,
with the video reader that it prefers, which needs FFmpeg on the machine. For 400 s it takes over
20 GB: fewer SECONDS make a smaller comparison.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from benchmarks.moving_picture import texture, write_video
from benchmarks.results import median, report
from benchmarks.speech import Rows
from thinktalk.media.budget import video_cost
from thinktalk.media.load import MediaLoader
from thinktalk.media.types import FrameSampling
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

_DURATION_S, _SIZE = 400, (1280, 720)
_FOLDER = Path("build")
_ENVIRONMENT = Path("build/qwen")
# The last two without what they ask for: builds of torch for GPUs.
_PACKAGES = (
    ("torch==2.13.0",),
    ("qwen-omni-utils==0.0.9",),
    ("--no-deps", "torchvision==0.28.0", "torchcodec==0.13.0"),
)
_SIDES = _OURS, _PEER = "thinktalk", "qwen-omni-utils"
_VIDEO_RUNS, _PICTURE_RUNS = 3, 30
_LOOK_S = 0.02
_EVERY = 50  # frames kept for the comparison, as in peer_video.py


async def prepare(path: Path, sampled: str) -> None:
    """Our side, in a process of its own: prints what `peer_video.py` prints."""
    worker = DecodeWorker(MediaSettings(), num_processes=1)
    await worker.start()
    print(json.dumps({"ready": True}), flush=True)
    started = time.perf_counter()
    file = await asyncio.to_thread(path.read_bytes)
    video = await worker.video(file, FrameSampling(multiple=32))
    seconds = time.perf_counter() - started
    assert video.audio is not None
    shapes = {frame.image.pixels.shape for frame in video.frames}
    assert len(shapes) == 1, shapes
    total = sum(int(frame.image.pixels[::32].sum()) for frame in video.frames)  # all are there
    np.save(sampled, np.stack([frame.image.pixels for frame in video.frames[::_EVERY]]))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "shape": [len(video.frames), *shapes.pop()],
                "num_samples": len(video.audio.samples),
                "total": total,
            }
        ),
        flush=True,
    )
    await worker.stop()


def measured(command: list[str]) -> dict[str, Any]:
    """What a command prints last, with `peak_bytes` of it and its children after it was ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    ready = process.stdout.readline()
    peak, ended = 0, threading.Event()

    def look() -> None:
        nonlocal peak
        while not ended.wait(_LOOK_S):
            peak = max(peak, memory_bytes(process.pid))

    looking = threading.Thread(target=look)
    looking.start()
    answer = process.stdout.readline()
    ended.set()
    looking.join()
    complaints = process.stderr.read()
    if process.wait() or not ready or not answer:
        raise RuntimeError(complaints[-2000:])
    return json.loads(answer) | {"peak_bytes": peak}


def memory_bytes(pid: int) -> int:
    """Memory of a process and its children, files in memory that they hold included."""
    total, held = 0, {}
    for member in _family(pid):
        folder = Path(f"/proc/{member}")
        try:
            status = (folder / "status").read_text()
            total += 1024 * sum(map(int, re.findall(r"^Rss(?:Anon|File):\s+(\d+)", status, re.M)))
            for descriptor in (folder / "fd").iterdir():
                if "memfd:" in str(descriptor.readlink()):
                    file = descriptor.stat()
                    held[file.st_ino] = file.st_blocks * 512
            for line in (folder / "maps").read_text().splitlines():
                if "memfd:" in line:
                    span, _, _, _, inode, *_ = line.split()
                    start, end = (int(part, 16) for part in span.split("-"))
                    held.setdefault(int(inode), end - start)
        except OSError:  # it has ended meanwhile
            continue
    return total + sum(held.values())


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(found for child in children for found in _family(int(child)))]


def peer_python() -> Path:
    """The interpreter that has qwen-omni-utils."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        for packages in _PACKAGES:
            install = [str(python), "-m", "pip", "install", "--quiet", *packages]
            subprocess.run(install, check=True)
    if shutil.which("ffmpeg") is None:
        raise RuntimeError("qwen-omni-utils needs FFmpeg: program and shared libraries")
    return python


def compare_videos(duration_s: int = _DURATION_S) -> None:
    path = _FOLDER / f"moving_{duration_s}s.mp4"
    if not path.exists():
        _FOLDER.mkdir(exist_ok=True)
        write_video(path, duration_s, *_SIZE)
    cost = video_cost(*_SIZE, duration_s)
    figures = map(str, (duration_s, cost.num_frames, cost.width, cost.height))
    kept = {side: str(_FOLDER / f"{number}.npy") for number, side in enumerate(_SIDES)}
    commands = {
        _OURS: [sys.executable, "-m", "benchmarks.media", "--prepare", str(path), kept[_OURS]],
        # Without -P, the folder of the script would hide modules of Python's own.
        _PEER: [
            *(str(peer_python()), "-P", "benchmarks/peer_video.py", str(path)),
            *(*figures, kept[_PEER]),
        ],
    }
    runs: list[dict[str, Any]] = [
        {"side": side, **measured(commands[side])} for _ in range(_VIDEO_RUNS) for side in _SIDES
    ]
    rows: Rows = []
    for side in _SIDES:
        mine = [run for run in runs if run["side"] == side]
        rows.append(
            {
                "side": side,
                "median s": median([run["seconds"] for run in mine]),
                "worst s": round(max(run["seconds"] for run in mine), 2),
                "peak GB": round(max(run["peak_bytes"] for run in mine) / 1e9, 2),
                "frames": "x".join(map(str, mine[0]["shape"])),
                "sound, s": round(mine[0]["num_samples"] / 16_000, 2),
            }
        )
    ours, theirs = (np.load(file).astype(np.int16) for file in kept.values())
    difference = round(float(np.abs(ours - theirs).mean()), 2)
    rows[0]["pixels differ by"] = rows[1]["pixels differ by"] = difference
    name = "media-video" if duration_s == _DURATION_S else f"media-video-{duration_s}s.local"
    report(name, rows, runs)


def photograph() -> str:
    """A JPEG of 12 megapixels as a data URL."""
    rng = np.random.default_rng(0)
    pixels = np.stack([texture(rng, 4000, 3000) for _ in range(3)], axis=-1)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


async def picture() -> None:
    settings = MediaSettings()
    loader = MediaLoader(settings, DecodeWorker(settings))
    await loader.start()
    address, taken_s = photograph(), []
    for _ in range(_PICTURE_RUNS + 1):
        started = time.perf_counter()
        image, size = await loader.image(address)
        taken_s.append(time.perf_counter() - started)
        assert (image.width, image.height) == size == (4000, 3000)
    await loader.stop()
    del taken_s[0]
    rows: Rows = [
        {
            "figure": "12-megapixel JPEG, data URL to pixels",
            "characters": len(address),
            "median ms": round(1000 * median(taken_s)),
            "worst ms": round(1000 * max(taken_s)),
        }
    ]
    report("media-picture", rows, {"seconds": taken_s})


def main() -> None:
    match sys.argv[1:]:
        case ["--prepare", path, sampled]:
            asyncio.run(prepare(Path(path), sampled))
        case ["video", *duration_s]:
            compare_videos(*map(int, duration_s))
        case ["picture"]:
            asyncio.run(picture())
        case _:
            compare_videos()
            asyncio.run(picture())


if __name__ == "__main__":
    main()
