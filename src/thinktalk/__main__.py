"""The `thinktalk` command, also as `python -m thinktalk`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; Ctrl+C shows no traceback while it is imported, either."""
    try:
        from thinktalk.cli import main as run

        return run()
    except KeyboardInterrupt:
        print("\nInterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
