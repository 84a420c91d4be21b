"""One native call at a time into Whisper: encode, tell the language, decode, align.

A clip that is shorter than the 30 s Whisper was trained on is given a shorter encoder input, padded
by at least a second: the encoder then costs a third, and the words stay the same (measured by
`benchmarks/recognition.py`). Calls block; what to do with the results is decided elsewhere.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Word
from thinktalk.media.types import Samples

SAMPLE_RATE = 16_000
FULL_INPUT_S = 30.0
_SHORTEST_INPUT_S = 8.0
_HOP = 160  # samples between mel frames
_ENCODED_RATE = 50  # encoder frames a second
_TIMESTAMP_S = 0.02
_MAX_PROMPT_TOKENS = 223  # half of Whisper's window of 448, less the start-of-previous token
_OPENING = "\"'“¿([{-«„"


def input_s(duration_s: float) -> float:
    """Length of the encoder input for a clip: a second of silence after it, never very short."""
    return min(FULL_INPUT_S, max(_SHORTEST_INPUT_S, math.ceil(duration_s) + 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the encoder made of a clip: float32, shape (num_frames, width), 50 frames a second."""

    frames: npt.NDArray[np.float32]
    duration_s: float  # of the clip, without padding


@dataclass(frozen=True, slots=True)
class Task:
    """What to write: the language spoken, whether to translate it, and with times or without."""

    language: str
    translate: bool = False
    prompt: str | None = None
    timestamps: bool = False
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Tokens between two time marks, in seconds from the start of the clip; None was not said."""

    start_s: float | None
    end_s: float | None
    tokens: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of a clip. `avg_logprob` is per token, the end included."""

    task: Task
    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    is_cut: bool  # ran into the limit of tokens, as endless repetitions do

    @property
    def probability(self) -> float:
        """Of all its tokens, the end included."""
        return math.exp(self.avg_logprob * (len(self.tokens) + 1))

    @property
    def compression_ratio(self) -> float:
        """Bytes before and after zlib: 2.4 and more means the text repeats itself."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data))


class Whisper:
    """A multilingual Whisper in CTranslate2's format, on the CPU in int8.

    Not to be called from two threads at once.
    """

    def __init__(self, model_dir: Path, *, threads: int) -> None:
        # Slow to import; only who recognises speech pays.
        import ctranslate2
        from faster_whisper.feature_extractor import FeatureExtractor
        from faster_whisper.tokenizer import Tokenizer
        from tokenizers import Tokenizer as Vocabulary

        self._ct2: Any = ctranslate2
        self._model = ctranslate2.models.Whisper(
            str(model_dir), device="cpu", compute_type="int8", intra_threads=threads
        )
        vocabulary = Vocabulary.from_file(str(model_dir / "tokenizer.json"))
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._tokenizer = lru_cache(maxsize=256)(
            lambda language, task: Tokenizer(vocabulary, True, task=task, language=language)
        )
        tokens: Any = self._tokenizer("en", "transcribe")
        self._end, self._first_timestamp = tokens.eot, tokens.timestamp_begin
        self._encode_text, self._decode_text = tokens.encode, tokens.decode

    def encode(self, samples: Samples, length_s: float) -> Encoded:
        """Encode 16 kHz samples, padded with silence or trimmed to `length_s`."""
        num_samples = round(length_s * SAMPLE_RATE)
        padded = np.zeros(num_samples, dtype=np.float32)
        kept = samples[:num_samples]
        padded[: len(kept)] = kept
        mel = self._features(padded, padding=0)[None, :, : num_samples // _HOP]
        view = self._ct2.StorageView.from_array(np.ascontiguousarray(mel, dtype=np.float32))
        return Encoded(np.array(self._model.encode(view))[0], len(kept) / SAMPLE_RATE)

    def languages(self, clips: Sequence[Encoded]) -> list[list[tuple[str, float]]]:
        """For each clip, codes with probabilities, likeliest first. All of one input length."""
        found = self._model.detect_language(self._view(clips))
        return [[(token[2:-2], probability) for token, probability in clip] for clip in found]

    def decode(
        self, clips: Sequence[Encoded], tasks: Sequence[Task], *, max_tokens: int = 223
    ) -> list[Hypothesis]:
        """Read clips, each by its task. All of one input length, prompt, temperature and timing."""
        prompts = [self._prompt(task) for task in tasks]
        new_tokens = min(max_tokens, max(_token_limit(clip.duration_s) for clip in clips))
        results = self._model.generate(
            self._view(clips),
            prompts,
            beam_size=1,
            # The library halves this, or takes the prompt off it, whichever is less.
            max_length=max(2 * new_tokens, new_tokens + len(prompts[0])),
            return_scores=True,
            return_no_speech_prob=True,
            sampling_topk=0 if tasks[0].temperature else 1,
            sampling_temperature=tasks[0].temperature or 1.0,
        )
        return [
            self._hypotheses(task, result, new_tokens)[0]
            for task, result in zip(tasks, results, strict=True)
        ]

    def several(
        self, clip: Encoded, task: Task, *, count: int, max_tokens: int
    ) -> list[Hypothesis]:
        """The `count` best readings that a beam search as wide finds."""
        prompt = self._prompt(task)
        [result] = self._model.generate(
            self._view([clip]),
            [prompt],
            beam_size=count,
            num_hypotheses=count,
            max_length=max(2 * max_tokens, max_tokens + len(prompt)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return self._hypotheses(task, result, max_tokens)

    def timed(self, hypothesis: Hypothesis) -> list[Timed]:
        """The stretches between time marks; the whole as one where the reading has none."""
        stretches: list[Timed] = []
        tokens: list[int] = []
        start: float | None = None
        for token in hypothesis.tokens:
            if token < self._first_timestamp:
                tokens.append(token)
                continue
            mark = (token - self._first_timestamp) * _TIMESTAMP_S
            if tokens:
                stretches.append(Timed(start, mark, tuple(tokens), self._decode_text(tokens)))
                tokens, start = [], None
            else:
                start = mark
        if tokens:
            stretches.append(Timed(start, None, tuple(tokens), self._decode_text(tokens)))
        return stretches

    def align(self, clip: Encoded, hypothesis: Hypothesis) -> list[Word]:
        """When each word was said, in seconds from the start of the clip.

        Source: attention weights and dynamic time warping, Radford et al. 2022 and
        openai/whisper `timing.py`, computed by CTranslate2.
        """
        tokenizer = self._for(hypothesis.task)
        text = [token for token in hypothesis.tokens if token < self._end]
        if not text:
            return []
        num_mel_frames = 2 * min(len(clip.frames), math.ceil(clip.duration_s * _ENCODED_RATE))
        [alignment] = self._model.align(
            self._view([clip]), tokenizer.sot_sequence, [text], num_mel_frames
        )
        starts = _token_starts(alignment.alignments, len(text) + 1)
        words, groups = tokenizer.split_to_word_tokens([*text, self._end])
        timed: list[Word] = []
        first = 0
        for word, group in zip(words[:-1], groups[:-1], strict=True):
            last = first + len(group)
            probability = float(np.mean(alignment.text_token_probs[first:last]))
            timed.append(Word(word, starts[first], max(starts[first], starts[last]), probability))
            first = last
        return _with_punctuation(timed)

    def _for(self, task: Task) -> Any:
        return self._tokenizer(task.language, "translate" if task.translate else "transcribe")

    def _prompt(self, task: Task) -> list[int]:
        tokenizer = self._for(task)
        prompt: list[int] = []
        if task.prompt and task.prompt.strip():
            before = self._encode_text(" " + task.prompt.strip())
            prompt = [tokenizer.sot_prev, *before[-_MAX_PROMPT_TOKENS:]]
        prompt += tokenizer.sot_sequence
        return prompt if task.timestamps else [*prompt, tokenizer.no_timestamps]

    def _hypotheses(self, task: Task, result: Any, new_tokens: int) -> list[Hypothesis]:
        return [
            Hypothesis(
                task,
                tuple(tokens),
                self._decode_text([token for token in tokens if token < self._end]),
                # The library's score is already divided by the number of tokens without the end.
                score * len(tokens) / (len(tokens) + 1),
                result.no_speech_prob,
                len(tokens) >= new_tokens,
            )
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        ]

    def _view(self, clips: Sequence[Encoded]) -> Any:
        stacked = np.ascontiguousarray(np.stack([clip.frames for clip in clips]))
        return self._ct2.StorageView.from_array(stacked)


def _token_limit(duration_s: float) -> int:
    # Scripts that the vocabulary spells byte by byte need about 20 tokens a second.
    return 24 + math.ceil(20 * duration_s)


def _token_starts(path: Sequence[tuple[int, int]], num_tokens: int) -> list[float]:
    """First moment of each token on the warping path of (token, encoder frame) steps."""
    starts = [math.nan] * num_tokens
    for token, frame in path:
        if token < num_tokens and math.isnan(starts[token]):
            starts[token] = frame / _ENCODED_RATE
    end = path[-1][1] / _ENCODED_RATE if path else 0.0
    return [end if math.isnan(start) else start for start in starts]


def _with_punctuation(words: Sequence[Word]) -> list[Word]:
    """Join marks that stand alone to the word before, opening ones to the word after."""
    joined: list[Word] = []
    opening: list[Word] = []
    for word in words:
        marks = word.text.strip()
        if not any(character.isalnum() for character in marks):
            if (marks and marks[0] in _OPENING and word.text[0] == " ") or not joined:
                opening.append(word)
            else:
                last = joined[-1]
                joined[-1] = Word(last.text + word.text, last.start_s, last.end_s, last.probability)
            continue
        text = "".join(mark.text for mark in opening) + (
            word.text.lstrip() if opening else word.text
        )
        joined.append(Word(text, word.start_s, word.end_s, word.probability))
        opening = []
    return [*joined, *opening]
