"""`thinktalk talk`: a spoken conversation, by microphone or from recordings."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from thinktalk.cli.target import add_target, find_server
from thinktalk.errors import ThinktalkError
from thinktalk.settings import Settings

_FRAME_S = 0.04
_LONGEST_S = 600.0
_ANSWER_S = 300.0


class _Player(Protocol):
    def play(self, pcm: bytes) -> None: ...

    def flush(self) -> None: ...


@dataclass(slots=True)
class _Turn:
    """The recording that is being said: was it answered, or is it to be said from its beginning?"""

    is_answered: bool = False
    is_due: bool = True
    plays_until: float = 0.0  # what came of the answer, on the loop's clock


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("talk", help="hold a spoken conversation")
    parser.add_argument(
        "files", nargs="*", help="recordings to say, one turn each (default: the microphone)"
    )
    parser.add_argument(
        "-o", "--output", default="reply.wav", help="of the replies to files (default %(default)s)"
    )
    parser.add_argument("--voice", default="Tina", help="(default %(default)s)")
    parser.add_argument(
        "--model", default="qwen3.5-omni-flash-realtime", help="(default %(default)s)"
    )
    parser.add_argument("--system", default="", help="system prompt")
    add_target(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk import library
    from thinktalk.live import INPUT_RATE
    from thinktalk.media.decode import decode_audio
    from thinktalk.media.encode import pcm16

    turns = [
        pcm16(
            decode_audio(Path(name).read_bytes(), sample_rate=INPUT_RATE, max_s=_LONGEST_S).samples
        )
        for name in args.files
    ]
    url = find_server(args, settings)
    if url is None:
        url, args.key = library.own_server(settings)
    asyncio.run(_talk(args, url, turns))
    return 0


async def _talk(args: argparse.Namespace, url: str, turns: Sequence[bytes]) -> None:
    from thinktalk.cli.devices import Loudspeaker, microphone
    from thinktalk.live import connected

    player: _Player = _Recorder() if turns else Loudspeaker()
    turn = _Turn()
    sound = _spoken(turns, turn) if turns else microphone()
    session = {
        "voice": args.voice,
        "instructions": args.system,
        "turn_detection": {"type": "semantic_vad"},
    }
    try:
        async with connected(url, args.key, args.model, session) as talk:
            if not turns:
                print("Speak; Ctrl+C ends the conversation.", file=sys.stderr)
            listening = asyncio.create_task(_listen(talk.events(), player, turn))
            try:
                async with contextlib.aclosing(sound) as pieces:
                    async for piece in pieces:
                        if listening.done():
                            break
                        await talk.append(piece)
                if not listening.done():
                    await talk.finish()
                await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        player.flush()
        if isinstance(player, _Recorder):
            player.save(Path(args.output))


async def _listen(
    events: AsyncGenerator[dict[str, Any], None], player: _Player, turn: _Turn
) -> None:
    """Play and print what is said, until the conversation ends."""
    from thinktalk.live import OUTPUT_RATE, sound_of

    async with contextlib.aclosing(events):
        async for event in events:
            if pcm := sound_of(event):
                player.play(pcm)
                now = asyncio.get_running_loop().time()
                turn.plays_until = max(now, turn.plays_until) + len(pcm) / 2 / OUTPUT_RATE
            _show(event)
            kind = event["type"]
            if kind == "input_audio_buffer.speech_started":
                player.flush()
                turn.plays_until = 0.0
            elif kind == "response.done":
                turn.is_answered = True
            elif kind == "connection.resumed":
                turn.is_answered |= event["broke_off"]
                turn.is_due = not turn.is_answered and not event["awaits"]
            elif kind == "connection.renewed":
                turn.is_due = not turn.is_answered
            elif kind == "session.finished":
                return
            elif kind == "error":
                raise ThinktalkError(event["error"]["message"])


def _show(event: Mapping[str, Any]) -> None:
    match event["type"]:
        case "conversation.item.input_audio_transcription.completed":
            print(f"you> {event['transcript']}", flush=True)
        case "response.audio_transcript.done":
            print(f"thinktalk> {event['transcript']}", flush=True)
        case "thinktalk.sound.judged" if event["kind"] not in ("interruption", "undecided"):
            _tell(f"({event['kind'].replace('_', ' ')})")
        case "connection.lost":
            _tell("Connection lost: trying again…")
        case "connection.resumed":
            _tell("Connected again: the conversation goes on.")
        case "connection.renewed":
            _tell("Connected again, in a new conversation: the server has nothing of the old one.")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _spoken(recordings: Sequence[bytes], turn: _Turn) -> AsyncGenerator[bytes, None]:
    """Recordings by the clock, each followed by silence until its answer has ended.

    One that was lost before it was a turn is said again.
    """
    from thinktalk.live import INPUT_RATE

    size = 2 * round(_FRAME_S * INPUT_RATE)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for number, recording in enumerate(recordings, 1):
        turn.is_answered, turn.is_due = False, True
        at, give_up = 0, due
        # Who speaks before the answer was heard to its end interrupts it.
        while at < len(recording) or not turn.is_answered or loop.time() < turn.plays_until:
            if turn.is_due:
                turn.is_due = False
                at, give_up = 0, due + len(recording) / 2 / INPUT_RATE + _ANSWER_S
            if due > give_up:
                raise ThinktalkError(
                    f"no answer to recording {number} within {_ANSWER_S:g} s of its end; perhaps "
                    "nobody is heard to speak in it"
                )
            yield recording[at : at + size].ljust(size, b"\0")
            at += size
            due += _FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))


class _Recorder:
    """Keeps the replies, for a file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def play(self, pcm: bytes) -> None:
        self._pieces.append(pcm)

    def flush(self) -> None:
        """What was said is kept, heard to the end or not."""

    def save(self, path: Path) -> None:
        from thinktalk.live import OUTPUT_RATE
        from thinktalk.media.encode import wav_header

        data = b"".join(self._pieces)
        if data:
            path.write_bytes(wav_header(OUTPUT_RATE, len(data)) + data)
            seconds = len(data) / 2 / OUTPUT_RATE
            print(f"{seconds:.1f} s of speech saved to {path}", file=sys.stderr)
