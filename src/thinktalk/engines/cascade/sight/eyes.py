"""The eyes: looks at one picture with every reader that could make sense of it.

Work runs in a thread of its own, in pieces of a tenth of a second or so; between pieces whoever has
to speak gets the processor, and a look that was cancelled ends. Knows nothing of language models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from thinktalk.engines.cascade.arbiter import Arbiter, run_to_end
from thinktalk.engines.cascade.classifier_onnx import convert
from thinktalk.engines.cascade.sight.chart import Chart, read_chart
from thinktalk.engines.cascade.sight.colours import colours
from thinktalk.engines.cascade.sight.diagram import read_diagram
from thinktalk.engines.cascade.sight.graph import Graph
from thinktalk.engines.cascade.sight.objects import Classifier, Thing
from thinktalk.engines.cascade.sight.reading import Line, Reader, batches, in_reading_order
from thinktalk.engines.cascade.sight.seen import Sight
from thinktalk.errors import NotReady, WeightsMissing
from thinktalk.media.types import Image, Pixels

_T = TypeVar("_T")

_CHECKPOINT = "efficientnet-lite0-57934424.pth"
_CLASSIFIER = "efficientnet-lite0.onnx"
_MAX_NAMED_TEXT = 12  # lines: a photograph of a page is read, not named


class Eyes:
    """Sees pictures.

    Args:
        classifier_dir: holds the checkpoint of EfficientNet-lite0.
        derived_dir: where its ONNX form is kept; made on the first start.
        threads: processor threads a piece of work may use.
        arbiter: who has the processor; None for nobody else.
    """

    def __init__(
        self, classifier_dir: Path, derived_dir: Path, *, threads: int, arbiter: Arbiter | None
    ) -> None:
        self._classifier_dir = classifier_dir
        self._derived_dir = derived_dir
        self._threads = threads
        self._arbiter = arbiter
        self._executor: ThreadPoolExecutor | None = None
        self._reader: Reader | None = None
        self._classifier: Classifier | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Load and warm up; idempotent."""
        async with self._starting:
            if self._executor is not None:
                return
            executor = ThreadPoolExecutor(1, thread_name_prefix="eyes")
            try:
                loop = asyncio.get_running_loop()
                self._reader, self._classifier = await loop.run_in_executor(executor, self._load)
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                raise
            self._executor = executor

    async def stop(self) -> None:
        """Release the models; a piece of work that runs is waited for."""
        executor, self._executor = self._executor, None
        reader, self._reader, self._classifier = self._reader, None, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)
        if reader is not None:
            await asyncio.to_thread(reader.close)

    async def look(self, image: Image) -> Sight:
        """Look at one picture. Cancelling stops before the next piece of work."""
        lines = await self.read(image)
        palette = await self._piece(colours, image.pixels)
        things: tuple[Thing, ...] = ()
        graph: Graph | None = None
        chart: Chart | None = None
        if palette.is_photo and len(lines) <= _MAX_NAMED_TEXT:
            things = await self.name(image)
        if not palette.is_photo:
            graph = await self._piece(read_diagram, image.pixels, lines)
            if graph is None:
                chart = await self._piece(read_chart, image.pixels, lines)
        return Sight(
            width=image.width,
            height=image.height,
            lines=lines,
            things=things,
            colours=palette,
            graph=graph,
            chart=chart,
        )

    async def read(self, image: Image) -> tuple[Line, ...]:
        """The text of a picture, in reading order."""
        reader, _ = self._ready()
        regions = await self._piece(reader.find, image.pixels)
        lines: list[Line] = []
        for batch in batches(regions):
            lines += await self._piece(reader.read, batch)
        return in_reading_order(lines)

    async def name(self, image: Image) -> tuple[Thing, ...]:
        """What a photograph shows."""
        _, classifier = self._ready()
        return await self._piece(classifier.name, image.pixels)

    async def _piece(self, work: Callable[..., _T], *arguments: Pixels | Sequence[object]) -> _T:
        if self._executor is None:
            raise NotReady("the eyes are not started")
        loop = asyncio.get_running_loop()
        if self._arbiter is None:
            return await loop.run_in_executor(self._executor, work, *arguments)
        async with self._arbiter.exclusive():
            return await run_to_end(loop.run_in_executor(self._executor, work, *arguments))

    def _ready(self) -> tuple[Reader, Classifier]:
        if self._reader is None or self._classifier is None:
            raise NotReady("the eyes are not started")
        return self._reader, self._classifier

    def _load(self) -> tuple[Reader, Classifier]:
        onnx_file = self._derived_dir / _CLASSIFIER
        if not onnx_file.exists():
            checkpoint = self._classifier_dir / _CHECKPOINT
            if not checkpoint.exists():
                raise WeightsMissing("efficientnet-lite0", [f"no {checkpoint}"])
            self._derived_dir.mkdir(parents=True, exist_ok=True)
            convert(checkpoint, onnx_file)
        reader, classifier = Reader(self._threads), Classifier(onnx_file, self._threads)
        reader.warm_up()
        classifier.name(np.zeros((64, 64, 3), np.uint8))
        return reader, classifier
