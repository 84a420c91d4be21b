"""What importing costs, and that the public names are there."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch",
    "transformers",
    "onnxruntime",
    "faster_whisper",
    "llguidance",
    "cv2",
    "av",
    "openai",
)


def test_the_command_line_loads_no_model_library() -> None:
    code = f"import sys, thinktalk.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_public_names_exist() -> None:
    import thinktalk

    for name in thinktalk.__all__:
        assert getattr(thinktalk, name) is not None
