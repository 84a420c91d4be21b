"""Writes docs/configuration.md from the settings: `python docs/generate_configuration.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from thinktalk.settings import ProfileSettings, Settings

PAGE = Path(__file__).parent / "configuration.md"
_INTRODUCTION = """\
# Configuration

Settings come from `thinktalk.toml` in the working directory and from the environment, which wins. A
field of a section is set from the environment with two underscores:

```toml
# thinktalk.toml
[server]
port = 9000
api_keys = ["sk-mine"]

[profiles.plus]
thinker = "qwen2.5-coder-1.5b"
```

```sh
THINKTALK_SERVER__PORT=9000 THINKTALK_SERVER__API_KEYS='["sk-mine"]' thinktalk serve
```

Short names: `THINKTALK_CACHE` is the cache directory, `THINKTALK_OFFLINE=1` forbids all fetching.

This page is generated from `settings.py`; a test keeps it in step.
"""


def render() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            lines += [
                f"## `[{name}]`",
                "",
                (section.__doc__ or "").strip(),
                "",
                *_table(section),
                "",
            ]
    lines += ["## `[profiles.plus]`, `[profiles.flash]`, `[profiles.light]`", ""]
    lines += [(ProfileSettings.__doc__ or "").strip(), "", *_table(ProfileSettings), ""]
    lines += ["## Top level", "", "| field | default | meaning |", "|---|---|---|"]
    field = Settings.model_fields["log_level"]
    allowed = ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    lines += [f"| `log_level` | `{field.default}` | {field.description}: {allowed} |", ""]
    return "\n".join(lines)


def _table(section: type[BaseModel]) -> Iterator[str]:
    yield "| field | default | meaning |"
    yield "|---|---|---|"
    for name, field in section.model_fields.items():
        yield f"| `{name}` | {_default(field)} | {field.description} |"


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value == () or value == "":
        return "none"
    if isinstance(value, Path):
        home = str(Path.home())
        return f"`{str(value).replace(home, '~')}`"
    if field.default_factory is not None:
        return "from the machine"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(render())
