"""Cloning: from a checked sample to a voice, for one request or to be kept.

What a sample became within requests is remembered in memory, by its hash; the sample itself is not.
An enrolled voice can be used at once, and is improved in the background; what changes it for good
happens one after the other. Knows nothing of wires.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from thinktalk.engines.base import VoiceRef
from thinktalk.errors import StoreUnavailable
from thinktalk.media.types import Audio
from thinktalk.serving.rate import HourlyLimit
from thinktalk.store.voice_index import EnrolledVoice, StoredFit, VoiceState
from thinktalk.store.voices import VoiceStore
from thinktalk.voices.fitting import VoiceFit, VoiceFitter

MARK = "synthetic speech in a cloned voice; made by thinktalk"
_MATCHED = "this matches the sample's voice; it does not copy it"
_MAX_REMEMBERED, _MAX_REMEMBERED_BYTES = 256, 64 * 1024 * 1024
# Their samples are held meanwhile: of a minute each, 6 MB.
_MAX_IMPROVING, _MAX_IMPROVING_OF_ONE = 32, 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSample:
    """Speech that is good enough to fit to.

    Attributes:
        audio: at 24 kHz.
        nearest: the stock voice that comes closest.
        report: what was measured, and advice, as callers are told it.
    """

    audio: Audio
    nearest: str
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a sample became."""

    nearest: str
    fit: VoiceFit
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Improvement:
    """The search for a better fit of one voice."""

    owner: str
    task: asyncio.Task[None]


class Cloner:
    """Fits voices to samples for one server.

    Args:
        fitter: None where no engine clones; the stock voice that is nearest then has to do.
    """

    def __init__(self, fitter: VoiceFitter | None, store: VoiceStore) -> None:
        self._fitter = fitter
        self.store = store
        settings = store.settings
        self._fits = HourlyLimit("voices matched to samples", settings.fits_per_hour)
        self._enrolments = HourlyLimit("enrolments", settings.enrolments_per_hour)
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        # A lock for each sample that is being fitted, gone with the last request that wants it.
        self._fitting: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )
        self._improving: dict[str, _Improvement] = {}
        # As above, for each voice that is being changed.
        self._changing: weakref.WeakValueDictionary[str, asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )
        self._one_at_a_time = asyncio.Lock()

    @property
    def can_clone(self) -> bool:
        return self._fitter is not None

    @property
    def num_improving(self) -> int:
        """How many voices are being improved or wait for it."""
        return len(self._improving)

    async def stop(self) -> None:
        """Stop improving: unfinished voices keep the fit they have."""
        tasks = [improvement.task for improvement in self._improving.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def inline(
        self,
        digest: str,
        text: str | None,
        check: Callable[[], Awaitable[CheckedSample]],
        caller: str,
    ) -> tuple[VoiceRef, dict[str, Any]]:
        """The voice of a sample for one request, and the report on it.

        Equal samples are fitted once, also when they come at the same time.

        Args:
            digest: hash of the sample as it was sent.
            check: loads and checks it; not called where the outcome is known.
        Raises:
            RateLimited: the caller has had too many samples fitted.
        """
        if self._fitter is None:
            sample = await check()
            return VoiceRef(sample.nearest, sample.audio, text), sample.report
        key = (digest, hashlib.sha256((text or "").encode()).hexdigest())
        async with self._fitting.setdefault(key, asyncio.Lock()):
            if known := self._known.get(key):
                self._known.move_to_end(key)
            else:
                known = await self._fitted(key, text, check, caller)
        report = {**known.report, **self._told(known.fit)}
        return VoiceRef(known.nearest, None, text, known.fit), report

    def admit(self, owner: str) -> None:
        """Count an enrolment. Raises `RateLimited`."""
        self._enrolments.spend(owner)

    async def enrol(
        self, voice: EnrolledVoice, sample: CheckedSample, text: str | None, file: BinaryIO | None
    ) -> tuple[EnrolledVoice, dict[str, Any]]:
        """Fit quickly, keep the voice, and go on improving it; returns it with the report.

        Args:
            voice: all but what is found out here.
            file: the sample as it was sent, where it is to be kept.
        Raises:
            TooManyVoices, StorageFull
        """
        fitted, fit, report = await self._first_fit(voice, sample, text)
        async with self._change(voice.id):
            await self.store.add(fitted, file)
            self._improve(fitted, fit, sample.audio, text)
        return fitted, report

    async def enrol_again(
        self, voice: EnrolledVoice, sample: CheckedSample, text: str | None, file: BinaryIO | None
    ) -> EnrolledVoice:
        """As `enrol`, for a voice that is there already and gets another sample.

        Raises:
            VoiceNotFound, StorageFull
        """
        fitted, fit, _ = await self._first_fit(voice, sample, text)
        replacing = asyncio.create_task(self._replace(fitted, fit, sample.audio, text, file))
        try:
            await asyncio.shield(replacing)
        except asyncio.CancelledError:
            # The old voice or the new one with its search, and nothing in between.
            while not replacing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((replacing,))
            if (error := replacing.exception()) is not None:
                _log.warning("voice %s: %s", voice.id, error)
            raise
        return fitted

    async def delete(self, voice_id: str, owner: str) -> None:
        """Remove every trace of a voice. Raises `VoiceNotFound`."""
        async with self._change(voice_id):
            await self.store.delete(voice_id, owner)
            await self._forget(voice_id)

    def is_cloned(self, voice: EnrolledVoice) -> bool:
        """Whether it can be spoken with as it was fitted, by the talker that runs here."""
        return (
            self._fitter is not None
            and voice.fit is not None
            and voice.fit.fitter == self._fitter.name
        )

    def enrolled(self, voice: EnrolledVoice) -> tuple[VoiceRef, dict[str, Any]]:
        """How to speak with an enrolled voice, and the report on it."""
        report: dict[str, Any] = {
            "id": voice.id,
            "voice": voice.nearest,
            "state": voice.state,
            "cloned": False,
        }
        if voice.fit is None:
            advice = "no engine here could clone when this voice was enrolled: enrol it again"
            if not self.can_clone:
                advice = "this server cannot clone: its nearest stock voice speaks"
            return VoiceRef(voice.nearest), {
                **report,
                "method": "closest stock voice by pitch; the voice itself is not copied",
                "advice": [advice],
            }
        if not self.is_cloned(voice):
            running = self._fitter.name if self._fitter else "no fitter"
            return VoiceRef(voice.nearest), {
                **report,
                "method": "closest stock voice; the voice was fitted for another talker",
                "advice": [
                    f"this voice was fitted by {voice.fit.fitter}, and {running} runs here: enrol "
                    "it again"
                ],
            }
        fit = _loaded(voice.fit)
        return VoiceRef(voice.nearest, fit=fit), {**report, **self._told(fit)}

    async def _fitted(
        self,
        key: tuple[str, str],
        text: str | None,
        check: Callable[[], Awaitable[CheckedSample]],
        caller: str,
    ) -> _Known:
        assert self._fitter is not None
        self._fits.spend(caller)
        sample = await check()
        fit = await self._fitter.fit(sample.audio, effort="quick", text=text)
        known = self._known[key] = _Known(sample.nearest, fit, sample.report)
        num_bytes = sum(len(one.fit.data) for one in self._known.values())
        while len(self._known) > _MAX_REMEMBERED or num_bytes > _MAX_REMEMBERED_BYTES:
            _, oldest = self._known.popitem(last=False)
            num_bytes -= len(oldest.fit.data)
        return known

    async def _first_fit(
        self, voice: EnrolledVoice, sample: CheckedSample, text: str | None
    ) -> tuple[EnrolledVoice, VoiceFit | None, dict[str, Any]]:
        report = json.dumps(sample.report)
        voice = replace(voice, nearest=sample.nearest, sample_report=report)
        if self._fitter is None:
            return replace(voice, fit=None, state="done"), None, sample.report
        fit = await self._fitter.fit(sample.audio, effort="quick", text=text)
        state: VoiceState = "improving" if self._may_improve(voice) else "done"
        voice = replace(voice, fit=_stored(fit), state=state)
        return voice, fit, {**sample.report, **self._told(fit)}

    def _may_improve(self, voice: EnrolledVoice) -> bool:
        """Whether there is room; no key may take all of it."""
        others = [one.owner for id_, one in self._improving.items() if id_ != voice.id]
        return len(others) < _MAX_IMPROVING and others.count(voice.owner) < _MAX_IMPROVING_OF_ONE

    async def _replace(
        self,
        voice: EnrolledVoice,
        fit: VoiceFit | None,
        sample: Audio,
        text: str | None,
        file: BinaryIO | None,
    ) -> None:
        async with self._change(voice.id):
            await self.store.replace(voice, file)
            await self._forget(voice.id)
            self._improve(voice, fit, sample, text)

    def _change(self, voice_id: str) -> asyncio.Lock:
        """Held by whoever changes a voice for good."""
        return self._changing.setdefault(voice_id, asyncio.Lock())

    def _improve(
        self, voice: EnrolledVoice, fit: VoiceFit | None, sample: Audio, text: str | None
    ) -> None:
        if fit is None or voice.state == "done":
            return
        work = self._improved(voice, fit, sample, text)
        task = asyncio.create_task(work, name=f"improve {voice.id}")
        self._improving[voice.id] = _Improvement(voice.owner, task)

    async def _improved(
        self, voice: EnrolledVoice, first: VoiceFit, sample: Audio, text: str | None
    ) -> None:
        try:
            better = await self._searched(voice.id, first, sample, text)
            async with self._change(voice.id):
                await self.store.set_fit(voice.id, voice.sample_sha256, better, "done")
        except StoreUnavailable as error:
            _log.warning("voice %s: %s", voice.id, error)
        finally:
            mine = self._improving.get(voice.id)
            if mine is not None and mine.task is asyncio.current_task():
                del self._improving[voice.id]

    async def _searched(
        self, voice_id: str, first: VoiceFit, sample: Audio, text: str | None
    ) -> StoredFit | None:
        """A fit at least as good as the first; None where the search failed."""
        assert self._fitter is not None
        try:
            async with self._one_at_a_time:
                found = await self._fitter.fit(sample, effort="thorough", text=text, start=first)
        except Exception:  # the voice has a fit, and nobody waits
            _log.exception("voice %s could not be improved", voice_id)
            return None
        return _stored(found)

    async def _forget(self, voice_id: str) -> None:
        """Stop improving a voice, and wait until that has ended."""
        if improvement := self._improving.pop(voice_id, None):
            improvement.task.cancel()
            await asyncio.wait((improvement.task,))

    def _told(self, fit: VoiceFit) -> dict[str, Any]:
        assert self._fitter is not None
        told = {
            "method": f"{self._fitter.method}; {_MATCHED}",
            "cloned": True,
            "facts": fit.facts,
        }
        if fit.similarity is not None:
            told["similarity"] = round(fit.similarity, 3)
        return told


def _stored(fit: VoiceFit) -> StoredFit:
    return StoredFit(
        fitter=fit.fitter,
        data=fit.data,
        similarity=fit.similarity,
        facts=json.dumps(fit.facts),
    )


def _loaded(stored: StoredFit) -> VoiceFit:
    return VoiceFit(
        fitter=stored.fitter,
        data=stored.data,
        similarity=stored.similarity,
        facts=json.loads(stored.facts),
    )
