"""`thinktalk voices`: list the voices, hear one, check samples, enrol and remove."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from thinktalk.cli import voice_check, voice_enrolment
from thinktalk.cli.target import add_target, find_server
from thinktalk.errors import BadRequest
from thinktalk.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("voices", help="list, hear, check and enrol voices")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    for add in (_add_list, _add_hear, voice_check.add_check, voice_enrolment.add_parsers):
        add(actions)


def _add_list(actions: Any) -> None:
    parser = actions.add_parser("list", help="what voices there are and what each is made of")
    parser.add_argument("--language", metavar="CODE", help="only voices at home in this language")
    parser.add_argument("--gender", choices=("female", "male"))
    parser.add_argument("--json", action="store_true", help="all that is known, as JSON")
    add_target(parser)
    parser.set_defaults(func=run_list)


def _add_hear(actions: Any) -> None:
    parser = actions.add_parser("hear", help="play a sample of a voice, or save it")
    parser.add_argument("name", help="as `thinktalk voices list` has it")
    parser.add_argument("--language", metavar="CODE", help="(default: where the voice is at home)")
    parser.add_argument("--text", help="what to say (default: a greeting)")
    parser.add_argument("-o", "--out", metavar="FILE", help="save it instead of playing it")
    add_target(parser)
    parser.set_defaults(func=run_hear)


def run_list(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk.engines import languages

    language = languages.asked_for(args.language, field="--language")
    known = _known(find_server(args, settings), args.key, settings)
    found = [
        voice
        for voice in known
        if language in (None, voice.get("language")) and args.gender in (None, voice.get("gender"))
    ]
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    if not known:
        print("there are no voices: what answers here answers in text only", file=sys.stderr)
    elif not found:
        print("no voice is at home there; all voices speak all languages", file=sys.stderr)
    for voice in found:
        told = [str(voice.get(key) or "-") for key in ("name", "language", "gender")]
        print("{:<14} {:<3} {:<7} ".format(*told) + str(voice.get("description") or ""))
        print(" " * 27 + _origin(voice))
    if any(voice.get("stand_in") for voice in found):
        print(
            "\nNames of hosted services are answered by stand-ins: "
            "none is the hosted voice itself.",
            file=sys.stderr,
        )
    if any(voice.get("read_as") for voice in found):
        print(
            "Tagalog is read by the rules of Indonesian; eSpeak NG has none for it.",
            file=sys.stderr,
        )
    return 0


def _origin(voice: dict[str, Any]) -> str:
    """What a voice is made of; of an enrolled one its id, by which it is used and removed."""
    if voice.get("builtin") is not False:
        return str(voice.get("source") or "")
    similarity = voice.get("similarity")
    likeness = "" if similarity is None else f", similarity {similarity:.2f} of 1"
    return f"{voice['id']}, {voice.get('state')}{likeness}"


def run_hear(args: argparse.Namespace, settings: Settings) -> int:
    server = find_server(args, settings)
    voice = _named(args.name, _known(server, args.key, settings))
    from thinktalk.engines import languages

    asked = languages.asked_for(args.language, field="--language")
    language = asked or str(voice.get("language") or "en")
    text = args.text or _greeting(str(voice["name"]), language)
    from thinktalk import library
    from thinktalk.cli.say import format_of

    output = Path(args.out) if args.out else None
    speech = library.say(
        text,
        voice=str(voice["id"]),
        file_format=format_of(output) if output else "pcm",
        language=language,
        base_url=server,
        api_key=args.key,
    )
    if output is not None:
        output.write_bytes(speech)
        print(f"saved to {output}", file=sys.stderr)
        return 0
    _play(speech)
    return 0


def _play(pcm: bytes) -> None:
    import numpy as np

    from thinktalk.cli.playback import play_or_save
    from thinktalk.client import STREAM_SAMPLE_RATE, Sound
    from thinktalk.media.types import Audio

    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
    play_or_save(Sound(Audio(samples, STREAM_SAMPLE_RATE)), None)


def _known(server: str | None, key: str, settings: Settings) -> list[dict[str, Any]]:
    """The voices of the server, or where there is none those that the settings would serve."""
    if server is not None:
        from thinktalk import library

        return library.voices(server, key)
    from thinktalk.voices import catalog, listing

    if all(profile.engine == "qwen_omni" for profile in settings.profiles.values()):
        from thinktalk.engines.qwen_omni import checkpoint, voices

        speakers = checkpoint.find(settings.qwen_omni.weights, settings.weights).speakers
        return listing.spoken(speakers, voices.spoken_by(speakers)) if speakers else []
    return [listing.listed(voice) for voice in catalog.voices()]


def _named(name: str, known: list[dict[str, Any]]) -> dict[str, Any]:
    by_name = {str(voice[key]): voice for key in ("name", "id") for voice in known}
    folded = {spelled.casefold(): voice for spelled, voice in reversed(by_name.items())}
    voice = by_name.get(name) or folded.get(name.casefold())
    if voice is not None:
        return voice
    near = [folded[match]["name"] for match in difflib.get_close_matches(name.casefold(), folded)]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise BadRequest(f"there is no voice {name!r}; {hint}`thinktalk voices list` has them all")


def _greeting(name: str, language: str) -> str:
    from thinktalk.voices import listing

    greeting = listing.greetings().get(language)
    if greeting is None:
        raise BadRequest(f"there is no greeting in {language!r}: give --text")
    return greeting.format(name=name)
