"""How much of a conversation an engine is given."""

from __future__ import annotations

import numpy as np

from thinktalk.conversation import ImagePart, Message, VideoPart
from thinktalk.engines.base import Capabilities, RealCosts
from thinktalk.media.types import Frame, Image, Video
from thinktalk.session.room import Room

COSTS = RealCosts(speech_per_s=13, image=None, video=None, part_tokens=None, reply_tokens=512)
SEEING = Capabilities(name="seeing", context_tokens=2560, costs=COSTS)


def test_pictures_take_room_by_their_pixels_where_the_engine_sees_patches_of_them() -> None:
    picture = Image(np.zeros((640, 640, 3), np.uint8))
    film = Video(tuple(Frame(n / 2, picture) for n in range(3)), None, 1.5, 640, 640)
    for part, tokens in ((ImagePart(picture), 400), (VideoPart(film), 2 * 400)):
        turns = [(Message("user", (part,)),)] * 6
        fitting = 2048 // (tokens + 5)  # beside the reply, and with the marks of each message
        room = Room(196_608, SEEING)
        assert room.latest((), turns[:fitting]) == fitting
        assert room.latest((), turns[: fitting + 1]) < fitting + 1
