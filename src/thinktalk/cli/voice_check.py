"""`thinktalk voices check`: what is good and what is wrong with a voice sample."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinktalk.settings import Settings

if TYPE_CHECKING:
    from thinktalk.voices.sample import SampleReport

_SAMPLE_RATE = 24_000


def add_check(actions: Any) -> None:
    """Add `check`; its parser sets `action_func`."""
    parser = actions.add_parser("check", help="say what is wrong with a voice sample")
    parser.add_argument("file", help="a recording of one voice, 3 to 60 s")
    parser.add_argument("--denoise", action="store_true", help="say what denoising would gain")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=check)


def check(args: argparse.Namespace, settings: Settings) -> int:
    """Advice is no failure: a sample with faults can be used, and the status is 0.

    Raises:
        MediaError, VoiceSampleRefused: it cannot be used at all.
    """
    report = asyncio.run(_checked(Path(args.file).expanduser(), args.denoise, settings))
    if args.json:
        print(json.dumps(report.figures(), ensure_ascii=False))
    else:
        _show(report)
    return 0


async def _checked(path: Path, denoise: bool, settings: Settings) -> SampleReport:
    from thinktalk.app import sample_checker
    from thinktalk.errors import MediaTooLong
    from thinktalk.media.load import MediaLoader
    from thinktalk.media.spool import MediaFile
    from thinktalk.media.worker import DecodeWorker
    from thinktalk.voices import sample
    from thinktalk.weights.catalog import Catalog

    file = MediaFile.at(path)
    loader = MediaLoader(settings.media, DecodeWorker(settings.media, num_processes=1))
    try:
        found = await loader.probe(file, "audio")
        audio = await loader.audio(file, sample_rate=_SAMPLE_RATE, max_s=sample.LONGEST_S)
    except MediaTooLong as error:
        raise sample.too_long(error.duration_s) from None
    finally:
        await loader.stop()
    checker = sample_checker(Catalog(settings.weights))
    report = checker.check(audio, source_rate=found.sample_rate)
    return checker.clean(audio, report)[1] if denoise else report


def _show(report: SampleReport) -> None:
    likeness = "by pitch" if report.likeness is None else f"{report.likeness:.2f}"
    lines = {
        "speech": f"{report.speech_s:.1f} of {report.duration_s:.1f} s, "
        f"longest pause {report.longest_pause_s:.1f} s",
        "level": f"{report.speech_db:.0f} dBFS, {report.snr_db:.0f} dB over the noise",
        "band": f"up to {report.bandwidth_hz:.0f} Hz in a file of {report.source_rate} Hz",
        "room": f"decay {report.decay_s:.2f} s",
        "voice": f"pitch {report.pitch_hz:.0f} Hz, likeness of the parts {likeness}",
    }
    for name, line in lines.items():
        print(f"{name:8} {line}")
    if (denoising := report.denoising) is not None:
        lost = denoising.snr_after_db is None
        after = "speech lost" if lost else f"{denoising.snr_after_db:.0f} dB"
        used = "used" if denoising.is_used else "not used: too little is gained"
        print(f"denoise  {denoising.snr_before_db:.0f} dB before, {after} after; {used}")
    for fault in report.faults:
        print(f"to do    {fault.advice}")
    if not report.faults:
        print("good     nothing to do")
