"""A conversation as token ids, by the checkpoint's chat template.

What people write is never a control token: in their text such a token's name is hidden from the
template and from the tokenizer, and comes out as the characters it is made of. All other text gets
the ids that the tokenizer gives the whole conversation, since it, too, splits at control tokens
first. Knows nothing of media but their placeholders.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

# Two characters of Unicode's private use area stand for a hidden name: this, and one that counts
# from the base.
_HIDDEN = "\ue000"
_BASE = 0xE001

# Whose text the template reads for marks that are no special tokens, such as <think>.
_TRUSTED = ("system", "assistant")


class ChatTemplate:
    """Writes conversations of one checkpoint.

    Args:
        tokenizer: of the checkpoint.
        template: Jinja source, as Transformers renders it.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: str) -> None:
        self._tokenizer, self._template = tokenizer, template
        added = tokenizer.added_tokens_decoder
        self._controls = {str(token.content): id_ for id_, token in added.items()}
        special = [str(token.content) for token in added.values() if token.special]
        self._split = re.compile(f"({_any_of(self._controls)})")
        self._names = [_HIDDEN, *self._controls]
        self._codes = {name: _HIDDEN + chr(_BASE + n) for n, name in enumerate(self._names)}
        self._every_name = re.compile(_any_of(self._names))
        self._special_names = re.compile(_any_of([_HIDDEN, *special]))
        self._plain = _without_controls(tokenizer)

    @classmethod
    def load(cls, directory: Path) -> ChatTemplate:
        tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        return cls(tokenizer, _source(directory) or tokenizer.chat_template)

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self._tokenizer

    def ids(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        """Token ids of the conversation and the opened assistant turn, one placeholder an item.

        Args:
            messages: as Transformers' templates take them: `content` is text or a list of parts.
        """
        rendered = self._tokenizer.apply_chat_template(
            [self._hidden_in(message) for message in messages],
            tools=[self._hide(tool, self._special_names) for tool in tools] or None,
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=True,
        )
        ids: list[int] = []
        for piece in self._split.split(rendered):
            if (control := self._controls.get(piece)) is not None:
                ids.append(control)
            elif piece:
                ids += self._plain.encode(self._shown(piece), add_special_tokens=False).ids
        return ids

    def _hidden_in(self, message: Mapping[str, Any]) -> dict[str, Any]:
        is_trusted = message["role"] in _TRUSTED
        names = self._special_names if is_trusted else self._every_name
        return {
            # The names and the arguments of calls stand in a block of the template's own.
            key: self._hide(value, self._every_name if key == "tool_calls" else names)
            for key, value in message.items()
        }

    def _hide(self, value: Any, names: re.Pattern[str]) -> Any:
        """`value` with its texts, however deep, rid of control tokens' names."""
        match value:
            case str():
                whole = value.encode("utf-8", "replace").decode()  # of lone surrogates
                return names.sub(lambda found: self._codes[found.group()], whole)
            case Mapping():
                return {self._hide(k, names): self._hide(v, names) for k, v in value.items()}
            case list() | tuple():
                return [self._hide(item, names) for item in value]
        return value

    def _shown(self, text: str) -> str:
        return re.sub(f"{_HIDDEN}(.)", lambda code: self._names[ord(code[1]) - _BASE], text)


def _any_of(names: Sequence[str] | Mapping[str, int]) -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return "|".join(map(re.escape, longest_first))


def _without_controls(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """The same vocabulary and rules, without the tokens that are found before any text is split."""
    whole = tokenizer.backend_tokenizer
    plain = Tokenizer(whole.model)
    plain.normalizer, plain.pre_tokenizer = whole.normalizer, whole.pre_tokenizer
    return plain


def _source(directory: Path) -> str | None:
    """The processor's template, which goes before the tokenizer's: text models have that."""
    source = directory / "chat_template.jinja"
    if source.exists():
        return source.read_text()
    wrapped = directory / "chat_template.json"
    return str(json.loads(wrapped.read_text())["chat_template"]) if wrapped.exists() else None
