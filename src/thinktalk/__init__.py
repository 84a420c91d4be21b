"""thinktalk: your own Qwen3.5-Omni-compatible endpoint.

import thinktalk

reply = thinktalk.ask("What error is this?", "shot.png", voice="Ethan")
print(reply.text)
reply.audio.save("reply.wav")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinktalk.library import Reply, Sound, Stream, ask, say, stream, transcribe

__version__ = "0.1.0"
__all__ = ["Reply", "Sound", "Stream", "__version__", "ask", "say", "stream", "transcribe"]


def __getattr__(name: str) -> Any:
    # Imported on first use: `import thinktalk.errors` should not pay for the library.
    if name in __all__:
        return getattr(import_module("thinktalk.library"), name)
    raise AttributeError(f"module 'thinktalk' has no attribute {name!r}")
