"""What a client of a live conversation may do wrong. `code` is the word that clients branch on.

Some messages are the hosted service's own: clients match on them.
"""

from __future__ import annotations

from thinktalk.errors import BadRequest


class SessionError(BadRequest):
    """Something that cannot be done now; the session goes on."""

    code = "invalid_value"


class FieldMissing(SessionError):
    code = "missing_required_parameter"

    def __init__(self, param: str) -> None:
        super().__init__(f"{param} is missing", param=param)


class VoiceFixed(SessionError):
    code = "cannot_update_voice"

    def __init__(self, voice: str) -> None:
        super().__init__(
            f"The voice cannot be changed once the session has spoken; it is {voice!r}",
            param="session.voice",
        )


class FormatFixed(SessionError):
    def __init__(self, param: str) -> None:
        super().__init__(
            "The input audio format is not changeable after audio was sent", param=param
        )


class AlreadyAnswering(SessionError):
    code = "conversation_already_has_active_response"

    def __init__(self) -> None:
        super().__init__("Conversation already has an active response")


class UserSpeaking(SessionError):
    def __init__(self) -> None:
        super().__init__("Cannot create response while user is speaking.")


class NothingToCancel(SessionError):
    code = "response_cancel_not_active"

    def __init__(self) -> None:
        super().__init__("Conversation has none active response")


class InputEmpty(SessionError):
    code = "input_audio_buffer_commit_empty"

    def __init__(self) -> None:
        super().__init__("Error committing input audio buffer: the buffer holds no audio")


class InputTooLong(SessionError):
    def __init__(self, limit_s: float, held_s: float, added_s: float) -> None:
        super().__init__(
            f"The input audio buffer holds {held_s:.1f} s; with another {added_s:.1f} s it would "
            f"exceed its limit of {limit_s:g} s (realtime.max_turn_s): commit or clear it",
            param="audio",
        )


class NoSoundYet(SessionError):
    def __init__(self) -> None:
        super().__init__("Error append image before append audio.", param="image")


class ItemNotFound(SessionError):
    code = "item_not_found"

    def __init__(self, item_id: str, param: str = "item_id") -> None:
        super().__init__(f"There is no item {item_id!r} in the conversation", param=param)


class ResumedTooLate(SessionError):
    """Something has happened in the session that would have to be forgotten."""

    def __init__(self) -> None:
        super().__init__(
            "A session is resumed before anything else: this one has sound or items already",
            param="session_id",
        )


class NothingToResume(SessionError):
    code = "session_not_found"

    def __init__(self, session_id: str, keep_s: float) -> None:
        super().__init__(
            f"There is no session {session_id!r} to resume: a conversation is kept for {keep_s:g} "
            "s after its connection is lost (realtime.resume_s)",
            param="session_id",
        )


class NothingGenerated(SessionError):
    """The end of an idle session, with the hosted service's words."""

    code = "response_idle_timeout"

    def __init__(self, idle_s: float) -> None:
        super().__init__(
            f"Your session was closed because no response was generated for {idle_s:g} seconds."
        )


class SessionExpired(SessionError):
    code = "session_expired"

    def __init__(self, lifetime_s: float) -> None:
        super().__init__(f"The session has reached its longest duration of {lifetime_s:g} s")
