"""The voice of a live conversation: one of the catalogue, or an enrolled one."""

from __future__ import annotations

from thinktalk.api.openai.schemas import SpeechBody
from thinktalk.api.openai.voices import CUSTOM, ChosenVoice, VoiceReader
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel


async def choose(voices: VoiceReader, name: str, model: ServedModel, param: str) -> ChosenVoice:
    """The voice that is meant.

    Args:
        param: where the session names it.
    Raises:
        UnknownVoice, also where it was deleted meanwhile. InvalidField: it would need a sample.
    """
    if name.casefold() == CUSTOM:
        raise InvalidField(
            "the realtime socket takes voices of the catalogue and enrolled ones, by id: enrol a "
            "sample with POST /v1/audio/voices",
            param=param,
        )
    try:
        return await voices.choose(SpeechBody(voice=name), model)
    except InvalidField as error:
        error.param = param
        raise
