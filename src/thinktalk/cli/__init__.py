"""One file per command: parse arguments, call one function, print."""

from __future__ import annotations

import argparse
import sys

from thinktalk import __version__
from thinktalk.errors import ThinktalkError
from thinktalk.settings import load

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors are one line on stderr, no traceback."""
    from tomllib import TOMLDecodeError

    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    args = _parser().parse_args(arguments)
    try:
        return int(args.func(args, load()))
    except KeyboardInterrupt:
        from thinktalk import library

        print("\nInterrupted", file=sys.stderr)
        library.end_own_server()
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; there is nobody to tell
        return 1
    except ValidationError as invalid:
        for error in invalid.errors():
            place = ".".join(str(piece) for piece in error["loc"])
            print(f"thinktalk: setting {place}: {error['msg']}", file=sys.stderr)
        return 2
    except (SettingsError, TOMLDecodeError) as fault:
        print(f"thinktalk: the settings cannot be read: {fault}", file=sys.stderr)
        return 2
    except (ThinktalkError, OSError) as failure:
        print(f"thinktalk: {reason(failure)}", file=sys.stderr)
        return 1


def reason(failure: Exception) -> str:
    """What went wrong, for a person: without the numbers of the system."""
    if not isinstance(failure, OSError) or failure.filename is None:
        return str(failure)
    if isinstance(failure, FileNotFoundError):
        return f"no such file: {failure.filename}"
    return f"{failure.filename}: {failure.strerror}"


def _parser() -> argparse.ArgumentParser:
    from thinktalk.cli import (
        abuse,
        ask,
        chat,
        demo,
        doctor,
        plan,
        say,
        serve,
        talk,
        transcribe,
        voices,
        weights,
    )

    parser = argparse.ArgumentParser(
        prog="thinktalk", description="Your own Qwen3.5-Omni-compatible endpoint."
    )
    parser.add_argument("--version", action="version", version=f"thinktalk {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (
        serve,
        demo,
        ask,
        say,
        voices,
        transcribe,
        chat,
        talk,
        plan,
        weights,
        doctor,
        abuse,
    ):
        command.add_parser(commands)
    return parser
