from __future__ import annotations

import pytest

from thinktalk.errors import WeightsError, WeightsMissing
from thinktalk.settings import Settings
from thinktalk.weights import manifest
from thinktalk.weights.manifest import Carrier, HubSource, PackageSource

ENTRY = """
[[entry]]
name = "tiny"
about = "a small file"
licence = "MIT"
upstream = "someone/tiny"

[[entry.file]]
name = "tiny.bin"
size_bytes = 3
sha256 = "{sha256}"
sources = [{sources}]
"""


def parse_sources(*sources: str) -> tuple[manifest.Source, ...]:
    text = ENTRY.format(sha256="a" * 64, sources=", ".join(sources))
    return manifest.parse(text).entry("tiny").files[0].sources


def test_the_shipped_manifest_has_what_the_default_settings_name() -> None:
    shipped = manifest.load()
    settings = Settings()
    named = {profile.thinker for profile in settings.profiles.values()}
    for name in named | {settings.cascade.recognizer, settings.cascade.synthesizer}:
        assert shipped.entry(name).size_bytes > 0


def test_every_shipped_file_can_be_had_without_the_hub() -> None:
    for entry in manifest.load().entries:
        assert entry.licence and entry.upstream
        for file in entry.files:
            assert isinstance(file.sources[-1], PackageSource), file.name


def test_the_voices_come_from_one_tarball() -> None:
    voices = manifest.load().entry("kokoro-voices").files
    assert len(voices) == 54
    assert {source for voice in voices for source in voice.sources} == {
        PackageSource((manifest.Part(Carrier("npm", "kokoro-js", "1.2.1"), member),))
        for member in (f"package/voices/{voice.name}" for voice in voices)
    }


def test_sources_keep_their_order_and_their_pins() -> None:
    hub, parts, tarball = parse_sources(
        '"hf:Owner/Repo.x/sub/tiny.bin@0123abcd"',
        '["pip:a-part1==1.0!a/p1", "pip:a-part2==1.1!a/p2", "pip:a-part1==1.0!a/p3"]',
        '"npm:@scope/pkg@2.0.0!package/{name}"',
    )
    assert hub == HubSource("Owner/Repo.x", "sub/tiny.bin", "0123abcd")
    assert isinstance(parts, PackageSource) and isinstance(tarball, PackageSource)
    assert parts.carriers == (Carrier("pip", "a-part1", "1.0"), Carrier("pip", "a-part2", "1.1"))
    assert [part.member for part in parts.parts] == ["a/p1", "a/p2", "a/p3"]
    assert tarball.carriers == (Carrier("npm", "@scope/pkg", "2.0.0"),)
    assert tarball.parts[0].member == "package/tiny.bin"


@pytest.mark.parametrize(
    "source", ['"pip:a!b"', '"pip:a==1.0"', '"hf:owner/repo/file"', '"ftp:x"', '"npm:a!b"']
)
def test_a_source_without_a_pin_or_a_member_is_refused(source: str) -> None:
    with pytest.raises(WeightsError, match="hf:, pip: and npm:"):
        parse_sources(source)


@pytest.mark.parametrize("name", ["../tiny.bin", "a/b", ".hidden", ""])
def test_a_file_name_that_is_a_path_is_refused(name: str) -> None:
    text = ENTRY.format(sha256="a" * 64, sources='"pip:a==1!b"').replace("tiny.bin", name)
    with pytest.raises(WeightsError, match="plain file name"):
        manifest.parse(text)


@pytest.mark.parametrize("sha256", ["", "A" * 64, "a" * 63])
def test_a_file_without_a_whole_hash_is_refused(sha256: str) -> None:
    with pytest.raises(WeightsError, match="SHA-256"):
        manifest.parse(ENTRY.format(sha256=sha256, sources='"pip:a==1!b"'))


def test_an_entry_that_lacks_its_licence_is_named() -> None:
    text = ENTRY.format(sha256="a" * 64, sources='"pip:a==1!b"').replace('licence = "MIT"', "")
    with pytest.raises(WeightsError, match=r"'tiny'.*licence"):
        manifest.parse(text)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WeightsMissing, match="whisper-base"):
        manifest.load().entry("whisper-huge")


def test_an_entry_for_other_machines_is_named_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    shipped = manifest.load()
    assert "llama-cpp" not in {entry.name for entry in shipped.entries}
    with pytest.raises(WeightsMissing, match="none for linux-riscv64, only for linux-x86_64"):
        shipped.entry("llama-cpp")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_each_supported_processor_has_its_libraries(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    entry = manifest.load().entry("llama-cpp")
    assert entry.platform == f"linux-{machine}"
    names = {file.name for file in entry.files}
    assert {"libllama.v0.5.0.so", "libggml.v0.5.0.so", "libggml-base.so"} < names
