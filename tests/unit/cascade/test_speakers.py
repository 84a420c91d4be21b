"""Which talker the settings name: built in, from another package, not installed, or unknown."""

from __future__ import annotations

import sys
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.engines.cascade import suite
from thinktalk.engines.cascade.suite import CascadeSuite
from thinktalk.errors import MissingExtra, UnknownTalker
from thinktalk.settings import CascadeSettings, ProfileSettings, Settings, WeightSettings
from thinktalk.weights.catalog import Catalog

PARROT = """
import numpy as np
from thinktalk.engines.cascade.speakers import Voicing
from thinktalk.media.types import Audio


class Parrot:
    sample_rate = 16_000

    async def start(self):
        pass

    async def stop(self):
        pass

    async def say(self, text, language, voice, speed=1.0, manner=None):
        return Audio(np.full(1_600 * len(text.split()), 0.5, np.float32), self.sample_rate)


class Mimic:
    name = "parrot 1"
    method = "repeats what it hears"


def build(settings, catalog, stock):
    return Voicing(speaker=Parrot(), about="a parrot", fitter=Mimic())
"""


def cascade(talker: str, cache: Path) -> CascadeSuite:
    settings = Settings(
        cascade=CascadeSettings(talker=talker), weights=WeightSettings(cache=cache, offline=True)
    )
    return suite.build(settings, Catalog(settings.weights), {"flash": ProfileSettings()})


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package whose entry point is a talker."""
    (tmp_path / "parrot_talker.py").write_text(PARROT)
    record = tmp_path / "parrot_talker-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot-talker\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text("[thinktalk.talkers]\nparrot = parrot_talker:build\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_kokoro_speaks_where_nothing_is_said(tmp_path: Path) -> None:
    built = cascade(CascadeSettings().talker, tmp_path)
    assert built.engines["flash"].capabilities.parts["talker"] == "kokoro-82m, eSpeak NG"
    assert {"kokoro-82m", "kokoro-voices"} < set(built.weights)


@pytest.mark.usefixtures("parrot")
async def test_a_talker_of_another_package_speaks_and_clones(tmp_path: Path) -> None:
    built = cascade("parrot", tmp_path)
    assert built.fitter is not None
    assert built.fitter.name == "parrot 1"
    assert built.engines["flash"].capabilities.parts["talker"] == "a parrot"
    speech = SpeechOptions(voice=VoiceRef("Tina"), language="en")
    async with aclosing(built.synthesizer.synthesize("Pretty Polly.", speech)) as deltas:
        heard = [delta.audio async for delta in deltas]
    assert {audio.sample_rate for audio in heard} == {16_000}
    samples = np.concatenate([audio.samples for audio in heard])
    assert np.count_nonzero(samples) == 2 * 1_600


@pytest.mark.usefixtures("parrot")
def test_weights_of_voices_that_are_not_used_are_not_needed(tmp_path: Path) -> None:
    assert not {"kokoro-82m", "kokoro-voices"} & set(cascade("parrot", tmp_path).weights)


def test_an_unknown_talker_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownTalker, match=r"'paket-tts' .*known: kokoro, pocket-tts"):
        cascade("paket-tts", tmp_path)


def test_a_talker_that_is_not_installed_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pocket_tts", None)
    with pytest.raises(MissingExtra, match=r"pip install 'thinktalk\[pocket-tts\]'"):
        cascade("pocket-tts", tmp_path)
