"""`python -m tests.support.random_omni DIR`: a checkpoint of random weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import BY_NAME, write


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.random_omni", description=__doc__
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--shapes", choices=[*BY_NAME], default="tiny")
    parser.add_argument("--no-talker", action="store_true", help="a thinker alone")
    parser.add_argument("--endless", action="store_true", help="only limits end replies")
    options = parser.parse_args()
    write(
        options.directory,
        BY_NAME[options.shapes],
        talker=not options.no_talker,
        ends=not options.endless,
    )
    size_bytes = sum(path.stat().st_size for path in options.directory.iterdir())
    print(f"{options.directory}: {size_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
