"""llama.cpp in this process: a language model's next tokens, several texts at once."""

from __future__ import annotations

from thinktalk.engines.cascade.llama.model import Ended, Llama
from thinktalk.engines.cascade.llama.text import Text

__all__ = ["Ended", "Llama", "Text"]
