"""A dialect: how one family of clients writes a session and its events.

A session's settings are kept as the client sees them, in the shape of its dialect, and read into
`Wanted` after each change. What differs between the dialects is here; what is said is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from thinktalk.api.realtime.audio import WireFormat
from thinktalk.api.realtime.wanted import Wanted
from thinktalk.serving.models import ServedModel
from thinktalk.session.events import SessionEvent

State = dict[str, Any]
Frame = dict[str, Any]


class Dialect(Protocol):
    """One wire format of the realtime socket."""

    @property
    def voice_param(self) -> str:
        """Where a session names its voice."""
        ...

    @property
    def input_format_param(self) -> str:
        """Where a session says how its client's sound is written."""
        ...

    def opening(self, session_id: str, model: ServedModel, lifetime_s: float) -> State:
        """The settings of a new session."""
        ...

    def read(self, state: Mapping[str, Any], model: ServedModel) -> Wanted:
        """What these settings mean.

        Raises:
            InvalidField, FieldMissing: a setting is wrong; `param` begins with `session.`.
        """
        ...

    def changed(self, state: Mapping[str, Any], changes: Mapping[str, Any]) -> State:
        """The settings with what a `session.update` says."""
        ...

    def for_response(self, state: Mapping[str, Any], body: Mapping[str, Any]) -> State:
        """The settings with what a `response.create` says for one response."""
        ...

    def greeting(self, state: State) -> Iterator[Frame]:
        """What a client is told first."""
        ...

    def use(self, state: Mapping[str, Any], output_format: WireFormat) -> None:
        """Write the sound of responses in this format, from the next response on."""
        ...

    def frames(self, event: SessionEvent) -> Iterator[Frame]:
        """What a client is told of an event: nothing, one frame or several."""
        ...
