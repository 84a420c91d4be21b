"""`thinktalk chat`: a conversation in the terminal that remembers its turns and its files."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import Any

from thinktalk.cli.target import add_target, find_server
from thinktalk.settings import Settings

_HELP = """\
/file PATH  attach a picture, recording or video to the next message
/voice NAME speak replies in this voice (/voice off: text only)
/new        forget the conversation
/quit       leave (also Ctrl+D)"""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("chat", help="talk in the terminal")
    parser.add_argument("--voice", help="speak replies in this voice")
    parser.add_argument("--model", default="qwen3.5-omni-flash", help="(default %(default)s)")
    parser.add_argument("--system", help="system prompt")
    add_target(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    server = find_server(args, settings)
    conversation = _Conversation(args, server)
    print("Type a message; /help lists commands, Ctrl+C stops an answer, Ctrl+D leaves.")
    while True:
        try:
            line = input("you> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            print()
            return 0
        except KeyboardInterrupt:
            print()
            continue
        if line == "/quit":
            return 0
        if line:
            conversation.take(line)


class _Conversation:
    def __init__(self, args: argparse.Namespace, server: str | None) -> None:
        self._model, self._system, self._voice = args.model, args.system, args.voice
        self._server, self._key = server, args.key
        self._history: list[dict[str, Any]] = []
        self._files: list[str] = []

    def take(self, line: str) -> None:
        command, _, value = line.partition(" ")
        if command == "/help":
            print(_HELP)
        elif command == "/file":
            self._files.append(value.strip())
        elif command == "/voice":
            self._voice = None if value.strip() in {"", "off"} else value.strip()
        elif command == "/new":
            self._history, self._files = [], []
        elif command.startswith("/"):
            print(f"no command {command}; /help lists them")
        else:
            self._answer(line)

    def _answer(self, line: str) -> None:
        from thinktalk import library
        from thinktalk.cli import reason
        from thinktalk.cli.playback import play_or_save
        from thinktalk.cli.writing import Writing
        from thinktalk.client import Question
        from thinktalk.errors import ThinktalkError

        question = Question(
            line,
            tuple(self._files),
            model=self._model,
            voice=self._voice,
            system=self._system,
            history=tuple(self._history),
        )
        writing = Writing()
        events: library.Stream | None = None
        try:
            with (
                contextlib.suppress(KeyboardInterrupt),
                library.Stream(question, self._server, self._key) as events,
            ):
                for event in events:
                    writing.show(event)
        except (ThinktalkError, OSError) as failure:
            # What was typed is lost to nobody: the files stay attached for another try.
            writing.end()
            print(f"thinktalk: {reason(failure)}")
            return
        writing.end()
        if events is None:  # stopped while the models were loading
            return
        reply = events.reply
        user = question.body()["messages"][-1]
        self._history += [user, {"role": "assistant", "content": reply.text}]
        self._files = []
        if reply.audio is not None:
            play_or_save(reply.audio, None)
