"""Makes the labelled set of sounds that a user makes while the assistant speaks.

python -m training.interruption_set OUT.npz [--half learn|held_out] [--count 1100] [--seed 0]

Speech is Kokoro's and eSpeak NG's in ten languages, closed-lip sounds and noises are made from
numbers; echo is the assistant's own speech, and side talk somebody who speaks to another, far off.
The halves share no speaker, no phrase and no drawn noise; of the kinds of noise some are in one
half only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import Kokoro, shaped
from thinktalk.engines.cascade.phonemes import LANGUAGES, LENDERS, phonemes
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.turns.interrupt import Kind
from thinktalk.weights.catalog import Catalog
from training import interruption_mixing as mixing
from training.interruption_noises import (
    MAKERS,
    ONLY_HELD_OUT,
    ONLY_LEARNT,
    RATE,
    Random,
    Wave,
    hum,
)

Half = Literal["learn", "held_out"]
HALVES: tuple[Half, ...] = ("learn", "held_out")
PHRASES = Path(__file__).with_name("interruption_phrases.toml")

LEAD_S, TAIL_S, LONGEST_S = 0.6, 0.8, 2.2
PLAYED_BEFORE_S = 0.6  # what was played before the clip is kept, too
_SHARES: dict[Kind, float] = {
    "interruption": 0.36,
    "backchannel": 0.26,
    "noise": 0.15,
    "echo": 0.11,
    "side_talk": 0.12,
}
_ENGLISH = 0.35  # of the phrases; the other languages share the rest
_ROBOTIC = 0.2  # of the speech is eSpeak NG's
_HUMMED = {"Mm-hm.", "Uh-huh.", "Hm.", "Mhm.", "Uhum.", "Угу.", "嗯。", "음.", "うん。"}
_SYMBOLS = {"Mm-hm.": "mˈm hˌm.", "Uh-huh.": "ˈʌhˌʌ.", "Hm.": "hˈm.", "Mhm.": "mˈhm."}
_NATIVE = {"e": "es", "f": "fr", "i": "it", "j": "ja", "p": "pt", "z": "zh", "a": "en", "b": "en"}
_FEWEST_TOKENS = 30  # Kokoro's styles for fewer mumble single words
_VARIANTS = ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8")


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What the microphone heard, and what was played meanwhile, both at 16 kHz.

    `played` begins `PLAYED_BEFORE_S` before `heard`. The sound begins at `onset_s` of `heard`.
    `said_before` the user has heard in full; of `saying`, which begins at `saying_s`, a part.
    """

    kind: Kind
    what: str
    speaker: str
    language: str
    heard: Samples
    played: Samples
    is_played_known: bool
    onset_s: float
    end_s: float
    said_before: str
    saying: str
    saying_s: float
    saying_end_s: float

    def assistant_text(self, time_s: float) -> str:
        """What the user has heard of the assistant's words by then."""
        share = (time_s - self.saying_s) / (self.saying_end_s - self.saying_s)
        count = round(np.clip(share, 0, 1) * len(self.saying))
        part = self.saying[:count]
        if count < len(self.saying) and " " in self.saying:
            part = part.rpartition(" ")[0]
        return f"{self.said_before} {part}".strip()


class Speakers:
    """Everybody who speaks in one half."""

    def __init__(self, catalog: Catalog, half: Half) -> None:
        self._espeak = Espeak()
        model = catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
        self._kokoro = Kokoro(model, catalog.path("kokoro-voices"), threads=2)
        number = HALVES.index(half)
        self.voices = sorted(self._kokoro.styles.names)[number::2]
        self.variants = _VARIANTS[number::2]

    async def start(self) -> None:
        await self._kokoro.start()

    async def stop(self) -> None:
        await self._kokoro.stop()
        self._espeak.stop()

    async def say(self, random: Random, text: str, language: str) -> tuple[str, Wave]:
        """Somebody of this half says `text`, faster or slower, higher or lower."""
        speed = float(random.uniform(0.95, 1.35))
        if random.random() < _ROBOTIC or language not in LANGUAGES | LENDERS.keys():
            variant = str(random.choice(self.variants))
            voice = EspeakVoice("male", variant, int(random.integers(30, 75)))
            audio, name = self._espeak.say(text, language, voice, speed), f"espeak {variant}"
        else:
            native = [voice for voice in self.voices if _NATIVE.get(voice[0]) == language]
            name = str(random.choice(native if native and random.random() < 0.6 else self.voices))
            found = await self._kokoro_says(random, text, language, name, speed)
            if found is None:  # no sound of it that Kokoro knows, as in 嗯
                return "hum", hum(random, float(random.uniform(90, 260)))
            audio = found
        wave = resample(audio, RATE).samples.astype(np.float64)
        return name, mixing.trimmed(wave)

    async def _kokoro_says(
        self, random: Random, text: str, language: str, name: str, speed: float
    ) -> Audio | None:
        rows = self._kokoro.styles.stock(name)
        rows = np.concatenate(
            [np.repeat(rows[_FEWEST_TOKENS, None], _FEWEST_TOKENS, 0), rows[_FEWEST_TOKENS:]]
        )
        symbols = _SYMBOLS.get(text) or phonemes(text, language, self._espeak)
        plan = await self._kokoro.plan(symbols, rows, speed)
        if plan is None:
            return None
        plan = shaped(
            plan,
            pitch=float(random.uniform(0.85, 1.2)),
            pitch_range=float(random.uniform(0.7, 1.5)),
        )
        return await self._kokoro.decode(plan)


class Studio:
    """Draws clips of one half."""

    def __init__(self, speakers: Speakers, half: Half, seed: int) -> None:
        self._speakers = speakers
        self._random = np.random.default_rng([seed, HALVES.index(half)])
        self._phrases = _phrases(half)
        self._noises = MAKERS | (ONLY_LEARNT if half == "learn" else ONLY_HELD_OUT)
        self._assistant: dict[str, list[tuple[str, Wave]]] = {}
        self._crowd: list[Wave] = []

    async def rehearse(self) -> None:
        """Have the assistant's sentences spoken."""
        for language, lists in self._phrases.items():
            for text in lists["statements"] + lists["questions"]:
                for _ in range(2 if language == "en" else 1):
                    _, wave = await self._speakers.say(self._random, text, language)
                    self._assistant.setdefault(text, []).append((language, wave))
        self._crowd = [wave for said in self._assistant.values() for _, wave in said]

    async def clips(self, kind: Kind, mixes: int) -> list[Clip]:
        """One sound of this kind, mixed so many times."""
        random = self._random
        language = self._language()
        asks = random.random() < (0.4 if kind == "interruption" else 0.2)
        if kind == "backchannel":
            asks = False
        what, speaker, sound = await self._sound(kind, language, asks)
        return [self._mixed(kind, what, speaker, language, sound, asks) for _ in range(mixes)]

    def _language(self) -> str:
        if self._random.random() < _ENGLISH:
            return "en"
        return str(self._random.choice([name for name in self._phrases if name != "en"]))

    def _pick(self, language: str, name: str) -> str:
        return str(self._random.choice(self._phrases[language][name]))

    async def _sound(self, kind: Kind, language: str, asks: bool) -> tuple[str, str, Wave]:
        random = self._random
        if kind == "echo":
            return "echo", "assistant", np.zeros(0)
        if kind == "noise":
            if random.random() < 0.12:
                return "babble", "crowd", self._babble()
            name = str(random.choice(list(self._noises)))
            return name, "nobody", self._noises[name](random)
        if kind == "interruption":
            name = (
                "answers"
                if asks and random.random() < 0.7
                else str(random.choice(["short", "long"], p=[0.45, 0.55]))
            )
        else:
            name = "backchannels" if kind == "backchannel" else "asides"
        text = self._pick(language, name)
        if text in _HUMMED and random.random() < 0.6:
            return text, "hum", hum(random, float(random.uniform(90, 260)))
        speaker, wave = await self._speakers.say(random, text, language)
        return text, speaker, wave

    def _babble(self) -> Wave:
        random = self._random
        count = round(random.uniform(1, 2) * RATE)
        waves = [
            np.resize(np.roll(self._crowd[k], int(random.integers(RATE))), count)
            for k in random.choice(len(self._crowd), int(random.integers(4, 8)), replace=False)
        ]
        return mixing.from_afar(
            random, np.sum([mixing.levelled(wave, -20) for wave in waves], axis=0)
        )

    def _mixed(
        self, kind: Kind, what: str, speaker: str, language: str, sound: Wave, asks: bool
    ) -> Clip:
        random = self._random
        saying = self._pick(language, "questions" if asks else "statements")
        said_before = self._pick(language, "statements")
        _, speech = self._assistant[saying][int(random.integers(len(self._assistant[saying])))]
        speech = mixing.levelled(speech, -20)
        speech_s = len(speech) / RATE
        if kind == "echo":
            saying_s = LEAD_S
        elif asks:  # the question has just been heard, or its last word is being said
            saying_s = LEAD_S - speech_s - float(random.uniform(-0.15, 0.5))
        else:
            saying_s = LEAD_S - float(random.uniform(0.15, 0.9)) * speech_s
        length_s = min(len(sound) / RATE if kind != "echo" else speech_s, LONGEST_S)
        count = round((LEAD_S + length_s + TAIL_S) * RATE)
        played = np.zeros(round(PLAYED_BEFORE_S * RATE) + count)
        _add(played, speech, round((PLAYED_BEFORE_S + saying_s) * RATE))
        heard = mixing.background(random, count)
        onset = round(LEAD_S * RATE)
        if kind == "echo":
            echo = mixing.levelled(mixing.echoed(random, played)[-count:], random.uniform(-45, -22))
            heard += echo
            loud = np.flatnonzero(np.abs(echo) > 0.1 * np.abs(echo).max())
            onset = int(loud[0])
        else:
            near = self._placed(kind, sound)[: round(LONGEST_S * RATE)]
            _add(heard, near, onset)
            if random.random() < 0.5:  # what an echo canceller leaves
                rest = mixing.echoed(random, played)[-count:]
                heard += mixing.levelled(rest, random.uniform(-75, -52)) if rest.any() else 0
        return Clip(
            kind, what, speaker, language,
            heard.astype(np.float32), played.astype(np.float32), bool(random.random() < 0.75),
            onset / RATE, LEAD_S + length_s, said_before, saying, saying_s, saying_s + speech_s,
        )  # fmt: skip

    def _placed(self, kind: Kind, sound: Wave) -> Wave:
        """In a room, at a distance, and as loud as such sounds are."""
        random = self._random
        if kind == "side_talk":
            return mixing.levelled(mixing.from_afar(random, sound), random.uniform(-54, -34))
        lowest, highest = {
            "interruption": (-36, -16), "backchannel": (-42, -20), "noise": (-48, -16)
        }[kind]  # fmt: skip
        near = mixing.from_near(random, np.pad(sound, (0, RATE // 5)))
        near = mixing.levelled(near, random.uniform(lowest, highest))
        if kind != "noise" and random.random() < 0.3:  # music, a fan or keys under the speech
            name = str(
                random.choice(
                    [
                        name
                        for name in self._noises
                        if name in ("music", "fan", "keyboard", "vacuum")
                    ]
                )
            )
            noise = np.resize(self._noises[name](random), len(near))
            near += (
                mixing.levelled(noise, 0)
                * np.sqrt(np.mean(near**2))
                * 10 ** (-random.uniform(12, 25) / 20)
            )
        return near


def _phrases(half: Half) -> dict[str, dict[str, list[str]]]:
    """Those of one half by language and list; what one half learns the other never says."""
    tables = tomllib.loads(PHRASES.read_text("utf-8"))
    own: dict[str, dict[str, list[str]]] = {}
    for language, lists in tables.items():
        learnt = {phrase for phrases in lists.values() for phrase in phrases[::2]}
        own[language] = {
            name: phrases[::2]
            if half == "learn"
            else [phrase for phrase in phrases[1::2] if phrase not in learnt]
            for name, phrases in lists.items()
        }
    return own


def _add(wave: Wave, part: Wave, start: int) -> None:
    """Add `part` from `start` on, as far as it lies within."""
    part = part[max(0, -start) :]
    start = max(0, start)
    part = part[: max(0, len(wave) - start)]
    wave[start : start + len(part)] += part


async def make(half: Half, count: int, seed: int, mixes: int) -> list[Clip]:
    """At least `count` clips, in shares by kind."""
    speakers = Speakers(Catalog(load().weights), half)
    await speakers.start()
    studio = Studio(speakers, half, seed)
    await studio.rehearse()
    clips: list[Clip] = []
    for kind, share in _SHARES.items():
        for _ in range(-(-round(share * count) // mixes)):
            clips += await studio.clips(kind, mixes)
        print(half, kind, len(clips), flush=True)
    await speakers.stop()
    return clips


def write(path: Path, clips: Sequence[Clip]) -> None:
    """Sounds as 16 bits, all in a row; the rest as JSON."""
    rows = []
    for clip in clips:
        row = asdict(replace(clip, heard=np.zeros(0), played=np.zeros(0)))  # type: ignore[arg-type]
        row |= {"heard": len(clip.heard), "played": len(clip.played)}
        rows.append(row)
    sounds = np.concatenate([wave for clip in clips for wave in (clip.heard, clip.played)])
    quantised = mixing.quantised(sounds.astype(np.float64))
    np.savez(path, sounds=quantised, rows=np.array(json.dumps(rows)))


def read(path: Path) -> list[Clip]:
    with np.load(path) as arrays:
        rows = json.loads(str(arrays["rows"]))
        sounds: npt.NDArray[np.float32] = arrays["sounds"].astype(np.float32) / 32_768
    clips, at = [], 0
    for row in rows:
        middle, end = at + row["heard"], at + row["heard"] + row["played"]
        clips.append(Clip(**row | {"heard": sounds[at:middle], "played": sounds[middle:end]}))
        at = end
    return clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--half", choices=HALVES, default="learn")
    parser.add_argument("--count", type=int, default=1100)
    parser.add_argument("--mixes", type=int, default=2, help="of each sound")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write(given.out, asyncio.run(make(given.half, given.count, given.seed, given.mixes)))


if __name__ == "__main__":
    main()
