"""What benchmarks of cloning conclude from what they heard."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np

from benchmarks.cloning import TEXTS, Heard, Result, summarised
from benchmarks.speakers import SAMPLE_RATE, Person
from thinktalk.media.types import Audio
from thinktalk.weights.manifest import parse

ROOT = Path(__file__).parents[2]
SILENCE = Audio(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
HELD_OUT = {judge: {"ann": EAST, "bob": NORTH} for judge in ("resemblyzer", "campplus")}


def heard(*vector: float, errors: int = 0) -> Heard:
    unit = np.array(vector, np.float32)
    return Heard(dict.fromkeys(HELD_OUT, unit), errors, 10)


def result(name: str, cloned: Heard) -> Result:
    person = Person(name, 100, SILENCE, SILENCE)
    return Result(person, "Tina", {"enrolled": cloned}, {"enrolled": 2.0})


def test_every_person_is_in_a_file_of_the_manifest() -> None:
    text = (ROOT / "benchmarks" / "speakers.toml").read_text("utf-8")
    files = {entry.name: {file.name for file in entry.files} for entry in parse(text).entries}
    people = tomllib.loads(text)["speaker"]
    assert len(people) == 9
    assert all(person["file"] in files[person["entry"]] for person in people)


def test_a_clone_is_right_only_where_its_own_person_is_nearest() -> None:
    results = [result("ann", heard(0.8, 0.6)), result("bob", heard(0.8, 0.6, errors=5))]
    stock, cloned = summarised(results, {"Tina": heard(0, 1), "Ethan": heard(1, 0)}, HELD_OUT)
    assert cloned["resemblyzer"] == 0.7
    assert cloned["resemblyzer, worst"] == 0.6
    assert cloned["campplus, right"] == "1 of 2"
    assert cloned["word errors, %"] == 25.0
    assert cloned["fit s"] == "2.0, worst 2.0"
    assert stock["resemblyzer"] == 0.5
    assert stock["campplus, right"] == "2 of 4"
    assert stock["fit s"] == ""


def test_no_sentence_is_judged_that_an_encoder_learned_from() -> None:
    learned = (ROOT / "training" / "clone_samples.py").read_text("utf-8")
    assert not [text for text in TEXTS if text in learned]
