"""Teaches the classifier of overlaps, from the half of the set that is there to learn from.

python -m training.interruptions SET.npz [SET.npz …] [--out OUT.npz] [--seed 0]

Every clip is looked at at several moments, with and without what was recognised. Before, five
classifiers are each taught without a fifth of the phrases and judged on these, to show what to
expect.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Glimpse
from thinktalk.engines.cascade.glance import glance
from thinktalk.engines.cascade.whisper import Whisper
from thinktalk.media.activity import Activity
from thinktalk.media.types import Samples
from thinktalk.settings import load
from thinktalk.turns import phrases
from thinktalk.turns.classifier import Classifier
from thinktalk.turns.interrupt import KINDS, Judge
from thinktalk.turns.overlap import traits
from thinktalk.weights.catalog import Catalog
from training.interruption_outcomes import Outcome, figures, outcome
from training.interruption_set import read
from training.interruption_views import Reader, Reading, Take, take

Floats = npt.NDArray[np.float32]

OUT = Path("src/thinktalk/turns/interruptions.npz")
# After the first sound, in seconds; the moment of decision counts most.
_MOMENTS = (0.16, 0.256, 0.44, 0.44, 0.44, 0.48, 0.64, 0.96)
_TOOK_S = (0.05, 0.05, 0.08, 0.25)  # as if the recogniser had been faster or slower
_ONE_READING = 0.1  # of the examples know but the likeliest, as some recognisers give no other
_HIDDEN, _SEVERAL, _EPOCHS, _BATCH, _RATE, _DECAY = 12, 5, 40, 256, 3e-3, 1e-2
_DROPPED = 0.15  # of the traits, in each step
_FOLDS = 5


def reader(catalog: Catalog) -> Reader:
    """The recogniser of the cascade, told which words are likely."""
    whisper = Whisper(catalog.path("whisper-base"), threads=1)

    def read_start(samples: Samples, language: str) -> Glimpse:
        return glance(whisper, samples, language, phrases.prompt(language))

    return read_start


def takes(catalog: Catalog, path: Path) -> list[Take]:
    """Listen to all clips; what was recognised is kept beside the set, for the next time."""
    activity = Activity(catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx")
    clips = read(path)
    kept = path.with_suffix(".readings.json")
    if kept.exists():
        rows = json.loads(kept.read_text())
        readings = [[_reading(row) for row in clip] for clip in rows]
        silent = lambda samples, language: Glimpse("")  # noqa: E731
        return [
            replace(take(clip, activity, silent), readings=known)
            for clip, known in zip(clips, readings, strict=True)
        ]
    read_start = reader(catalog)
    take(clips[0], activity, read_start)  # warms up
    listened = []
    for clip in clips:
        listened.append(take(clip, activity, read_start))
        if len(listened) % 100 == 0:
            print(len(listened), flush=True)
    kept.write_text(json.dumps([[asdict(row) for row in one.readings] for one in listened]))
    return listened


def _reading(row: Mapping[str, Any]) -> Reading:
    glimpse = row["glimpse"]
    readings = tuple((text, probability) for text, probability in glimpse["readings"])
    return Reading(
        row["heard_s"], row["took_s"], Glimpse(glimpse["text"], readings, glimpse["no_speech"])
    )


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Traits with their names, shape (num_examples, num_names); kinds and takes by number."""

    names: tuple[str, ...]
    inputs: Floats
    kinds: npt.NDArray[np.int64]
    takes: npt.NDArray[np.int64]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Examples:
        return replace(
            self, inputs=self.inputs[chosen], kinds=self.kinds[chosen], takes=self.takes[chosen]
        )


def examples(listened: Sequence[Take], random: np.random.Generator) -> Examples:
    """Every take at all moments, with the recogniser now slower, now faster."""
    rows, kinds, owners = [], [], []
    for number, one in enumerate(listened):
        for moment in _MOMENTS:
            took_s = float(random.choice(_TOOK_S))
            known = [replace(reading, took_s=took_s) for reading in one.readings]
            if random.random() < _ONE_READING:
                known = [replace(row, glimpse=Glimpse(row.glimpse.text)) for row in known]
            rows.append(traits(one.overlap(moment, known)))
            kinds.append(KINDS.index(one.clip.kind))
            owners.append(number)
    names = tuple(rows[0])
    inputs = np.array([[row[name] for name in names] for row in rows], np.float32)
    return Examples(names, inputs, np.array(kinds), np.array(owners))


def learn_several(given: Examples, seed: int) -> Classifier:
    """The mean of the scores of several that began differently, as one classifier."""
    learnt = [learn(given, np.random.default_rng([seed, number])) for number in range(_SEVERAL)]
    return replace(
        learnt[0],
        hidden=np.concatenate([one.hidden for one in learnt], axis=1),
        hidden_bias=np.concatenate([one.hidden_bias for one in learnt]),
        output=np.concatenate([one.output for one in learnt]) / np.float32(_SEVERAL),
        output_bias=np.mean([one.output_bias for one in learnt], axis=0),
    )


def learn(given: Examples, random: np.random.Generator) -> Classifier:
    """Gradient descent by Adam (Kingma and Ba 2015) on the cross entropy, weights decaying."""
    mean, scale = given.inputs.mean(0), given.inputs.std(0) + 1e-3
    inputs = np.clip((given.inputs - mean) / scale, -4, 4)
    wanted = np.eye(len(KINDS), dtype=np.float32)[given.kinds]
    sizes = [(inputs.shape[1], _HIDDEN), (_HIDDEN,), (_HIDDEN, len(KINDS)), (len(KINDS),)]
    weights = [
        random.standard_normal(size).astype(np.float32) / np.sqrt(size[0]) * (len(size) > 1)
        for size in sizes
    ]
    first, second = ([np.zeros_like(weight) for weight in weights] for _ in range(2))
    step = 0
    for epoch in range(_EPOCHS):
        rate = _RATE * (1 + np.cos(np.pi * epoch / _EPOCHS)) / 2
        order = random.permutation(len(inputs))
        for start in range(0, len(order), _BATCH):
            step += 1
            chosen = order[start : start + _BATCH]
            kept = random.random((len(chosen), inputs.shape[1])) > _DROPPED
            gradients = _gradients(weights, inputs[chosen] * kept / (1 - _DROPPED), wanted[chosen])
            for at, gradient in enumerate(gradients):
                first[at] += 0.1 * (gradient - first[at])
                second[at] += 0.001 * (gradient**2 - second[at])
                change = first[at] / (1 - 0.9**step)
                change /= np.sqrt(second[at] / (1 - 0.999**step)) + 1e-8
                weights[at] -= np.float32(rate) * (change + _DECAY * weights[at]).astype(np.float32)
    hidden, hidden_bias, output, output_bias = weights
    return Classifier(
        given.names, tuple(KINDS), mean, scale, hidden, hidden_bias, output, output_bias
    )


def _gradients(weights: Sequence[Floats], inputs: Floats, wanted: Floats) -> list[Floats]:
    hidden, hidden_bias, output, output_bias = weights
    middle = np.tanh(inputs @ hidden + hidden_bias)
    scores = middle @ output + output_bias
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    wrong = (shares - wanted) / len(inputs)
    behind = (wrong @ output.T) * (1 - middle**2)
    return [inputs.T @ behind, behind.sum(0), middle.T @ wrong, wrong.sum(0)]


def fold_of(one: Take, number: int) -> int:
    """One of five: the same for all takes of a phrase, of a hum and of a noise that was drawn."""
    key = one.clip.what if one.clip.speaker not in ("nobody", "assistant", "hum") else number // 2
    return zlib.crc32(str(key).encode()) % _FOLDS


def cross_validate(listened: Sequence[Take], given: Examples, seed: int) -> None:
    """Print what judges that have not learnt a phrase make of it."""
    folds = np.array([fold_of(one, number) for number, one in enumerate(listened)])
    outcomes: list[Outcome] = []
    for fold in range(_FOLDS):
        classifier = learn_several(given.only(folds[given.takes] != fold), seed)
        judge = Judge(classifier)
        outcomes += [outcome(judge, one) for one in np.array(listened, object)[folds == fold]]
    print(json.dumps(figures(outcomes), indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    catalog = Catalog(load().weights)
    listened = [one for path in given.sets for one in takes(catalog, path)]
    learnt = examples(listened, np.random.default_rng(given.seed))
    cross_validate(listened, learnt, given.seed)
    classifier = learn_several(learnt, given.seed)
    arrays = {name: getattr(classifier, name) for name in Classifier.__slots__}
    np.savez(given.out, **{name: np.array(value) for name, value in arrays.items()})


if __name__ == "__main__":
    main()
