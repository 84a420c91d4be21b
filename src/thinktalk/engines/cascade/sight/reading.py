"""Reads text in pictures: PP-OCR finds the lines and reads them, code puts them in order.

Knows nothing of what the text means, nor of upside-down or vertical writing.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Pixels

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels

# Detection costs time and memory by the area; small print survives scaling down this far.
_MAX_DETECT_PIXELS = 1600 * 900
_MIN_DETECT_SIDE = 736
# Long lines are read as well at four fifths of their width, and a fifth faster.
_LONG, _SQUEEZE = 6.0, 0.8
_MIN_CONFIDENCE = 0.5
_MAX_REGIONS = 300
_RECOGNISER_HEIGHT = 48
_SAMPLE = "The quick brown fox jumps over the lazy dog, 0123456789, twice a day"


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text on one row; `confidence` in [0, 1] is the recogniser's own."""

    text: str
    box: Box
    confidence: float

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Where text was found: its box, and its pixels turned upright (BGR)."""

    box: Box
    crop: npt.NDArray[np.uint8]

    @property
    def aspect(self) -> float:
        return float(self.crop.shape[1] / max(1, self.crop.shape[0]))


class Reader:
    """PP-OCR by RapidOCR, models from its wheel. Blocking; one thread at a time."""

    def __init__(self, threads: int) -> None:
        # Imported here: it takes a second, and only the thread that loads should pay it.
        rapidocr: Any = importlib.import_module("rapidocr")
        recogniser: Any = importlib.import_module("rapidocr.ch_ppocr_rec")
        geometry: Any = importlib.import_module("rapidocr.utils.process_img")
        blank = np.full((64, 256, 3), 255, np.uint8)
        finder = rapidocr.RapidOCR(params=_options(threads))
        finder(blank, use_det=True, use_cls=False, use_rec=False)
        # Lines side by side on one thread each take half the time of one line on all threads.
        # The arena saves a quarter of it and stays small, as the batches do.
        reader = rapidocr.RapidOCR(
            params=_options(1) | {"EngineConfig.onnxruntime.enable_cpu_mem_arena": True}
        )
        reader(blank, use_det=False, use_cls=False, use_rec=True)
        self._threads = threads
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="reading")
        self._detect: Any = finder.text_det
        self._recognise: Any = reader.text_rec
        self._input: Any = recogniser.TextRecInput
        self._cut_out: Any = geometry.get_rotate_crop_image

    def find(self, pixels: Pixels) -> list[Region]:
        """Find text, top to bottom; the piece to run before `read`."""
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        scaled, scale = _for_detection(bgr)
        quads = self._detect(scaled).boxes
        if quads is None:
            return []
        regions = []
        for quad in np.asarray(quads, np.float32)[:_MAX_REGIONS] / scale:
            left, top = np.floor(quad.min(axis=0)).clip(0).astype(int)
            right, bottom = np.ceil(quad.max(axis=0)).astype(int)
            if right - left < 3 or bottom - top < 3:
                continue
            box = (left, top, min(right, bgr.shape[1]), min(bottom, bgr.shape[0]))
            crop = _squeezed(self._cut_out(bgr, quad))
            regions.append(Region((int(box[0]), int(box[1]), int(box[2]), int(box[3])), crop))
        return regions

    def read(self, regions: Sequence[Region]) -> list[Line]:
        """Read some regions, on all threads; what is not legible is left out."""
        parts = [regions[start :: self._threads] for start in range(self._threads)]
        return [line for part in self._workers.map(self._read_batch, parts) for line in part]

    def warm_up(self) -> None:
        """Read a page of the usual size once: memory is taken now, and the first look is fast."""
        page = np.full((720, 1280, 3), 255, np.uint8)
        for row in range(4):
            place = (20, 60 + 60 * row)
            cv2.putText(page, _SAMPLE, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
        for batch in batches(self.find(page)):
            self.read(batch)

    def close(self) -> None:
        """End the threads."""
        self._workers.shutdown()

    def _read_batch(self, regions: Sequence[Region]) -> list[Line]:
        if not regions:
            return []
        output = self._recognise(self._input(img=[region.crop for region in regions]))
        return [
            Line(text.strip(), region.box, float(score))
            for region, text, score in zip(regions, output.txts or (), output.scores, strict=False)
            if text.strip() and score >= _MIN_CONFIDENCE
        ]


def batches(regions: Sequence[Region], max_width: int = 3000) -> list[list[Region]]:
    """Group regions of like width, so that little is padded, into pieces of bounded work.

    `max_width` counts pixels of the recogniser's 48 px high input, padding included.
    """
    groups: list[list[Region]] = []
    for region in sorted(regions, key=lambda region: region.aspect):
        width = max(region.aspect, 1.0) * _RECOGNISER_HEIGHT
        if groups and width * (len(groups[-1]) + 1) <= max_width:
            groups[-1].append(region)
        else:
            groups.append([region])
    return groups


def _options(threads: int) -> dict[str, object]:
    return {
        "Global.log_level": "error",
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.limit_type": "max",
        "Det.limit_side_len": 10_000,  # pictures come scaled
    }


def in_reading_order(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Rows top to bottom, pieces of a row left to right, wide columns of prose one by one."""
    columns = _columns(sorted(lines, key=lambda line: line.box[0]))
    return tuple(line for column in columns for row in rows(column) for line in row)


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Group lines whose middles share a height; each row left to right."""
    grouped: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.centre[1]):
        if grouped:
            last = grouped[-1]
            middle = median(other.centre[1] for other in last)
            if abs(line.centre[1] - middle) < 0.5 * min(line.height, last[0].height):
                last.append(line)
                continue
        grouped.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in grouped]


def around(row: Sequence[Line]) -> Box:
    """The box that holds all of a row."""
    boxes = [line.box for line in row]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return left, top, max(box[2] for box in boxes), max(box[3] for box in boxes)


def with_layout(lines: Sequence[Line]) -> str:
    """The text with its indents and gaps as spaces, one row a line.

    Lines come in reading order: a piece that starts left of the one before starts a new row.
    """
    if not lines:
        return ""
    character = _character_width(lines)
    left = min(line.box[0] for line in lines)
    written: list[str] = []
    before: Line | None = None
    for line in lines:
        is_same_row = (
            before is not None
            and line.box[0] >= before.box[2] - character
            and abs(line.centre[1] - before.centre[1]) < 0.5 * min(line.height, before.height)
        )
        if before is not None and is_same_row:
            gap = round((line.box[0] - before.box[2]) / character)
            written[-1] += " " * min(4, max(1, gap)) + line.text
        else:
            indent = round((line.box[0] - left) / character)
            written.append(" " * min(24, indent) + line.text)
        before = line
    return "\n".join(written)


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """Split where a gutter runs through, but never a table: its cells are short."""
    edge = 0
    for number, line in enumerate(lines):
        left, right = lines[:number], lines[number:]
        if number and line.box[0] > edge + 1.5 * line.height and _is_prose(left, right):
            return [list(left), *_columns(right)]
        edge = max(edge, line.box[2])
    return [list(lines)]


def _is_prose(*columns: Sequence[Line]) -> bool:
    return all(
        len(column) >= 4 and median(len(line.text) for line in column) >= 24 for column in columns
    )


def _character_width(lines: Sequence[Line]) -> float:
    widths = [(line.box[2] - line.box[0]) / len(line.text) for line in lines if len(line.text) > 3]
    return max(1.0, median(widths)) if widths else 10.0


def _for_detection(bgr: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
    """Enlarge small pictures and shrink large ones; also the factor it was scaled by."""
    height, width = bgr.shape[:2]
    scale = min(2.0, max(1.0, _MIN_DETECT_SIDE / max(height, width)))
    scale *= min(1.0, (_MAX_DETECT_PIXELS / (height * width)) ** 0.5)
    if scale == 1.0:
        return bgr, 1.0
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    # Never below one tile of the detector, or a thin strip would vanish.
    size = (max(32, round(bgr.shape[1] * scale)), max(32, round(bgr.shape[0] * scale)))
    return np.asarray(cv2.resize(bgr, size, interpolation=method), np.uint8), scale


def _squeezed(crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = crop.shape[:2]
    if width < _LONG * height:
        return crop
    size = (round(width * _SQUEEZE), height)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
