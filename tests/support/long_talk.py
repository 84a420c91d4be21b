"""A made-up meeting of a town council, as long as a test needs it, heard segment by segment."""

from __future__ import annotations

from itertools import islice, product

from thinktalk.engines.base import Segment

PARAGRAPH_S = 24.0

_OPENING = (
    "Good evening everybody and welcome to the council of Aldermoor. My name is Ruth Calloway and "
    "I chair this meeting. Two members are excused tonight. The minutes of last month were "
    "accepted without a change."
)
_CLOSING = (
    "That was the last point. Thank you all for coming. The next meeting is on the ninth of "
    "November in the old school, not here, because this hall gets a new floor. I close the "
    "meeting and wish you a good night."
)
_SUBJECTS = (
    ("the swimming pool", "the water is warmed with an oil boiler from 1974"),
    ("the bus line to the hospital", "the last bus leaves at six in the evening"),
    ("the roof of the library", "rain comes in above the children's books"),
    ("the weekly market", "twelve stalls had to stand on the pavement"),
    ("the fire brigade", "one of the two engines did not start in January"),
    ("the school kitchen", "there are ninety children and forty chairs"),
    ("the bridge over the mill stream", "lorries of more than three tons must go round"),
    ("the street lamps", "every fourth lamp in the north of the town is dark"),
    ("the cemetery wall", "ten metres of it fell down in the storm"),
    ("the youth club", "it has been closed on Fridays since the spring"),
    ("the waste collection", "the lorries come before six in the morning"),
    ("the town archive", "the cellar is too damp for paper"),
)
_PEOPLE = ("Mister Hale", "Doctor Quist", "Missus Brandt", "Miss Okafor", "Mister Lindqvist")
_WORDS = (
    "Next is {subject}. {person} reported that {trouble}. There were three offers, and the lowest "
    "was {price} thousand pounds. Somebody asked whether it could wait until next year. The answer "
    "was that it would then cost more. It was agreed to begin in {month}.",
    "Now we come to {subject}. As {person} told us, {trouble}. Several people in the room had seen "
    "it for themselves. The budget has {price} thousand pounds left for it. {person} will bring a "
    "plan in {month}, and until then nothing changes.",
    "The next point is {subject}. We all know that {trouble}. {person} does not believe that money "
    "is the answer. After a long discussion the council put it off until {month}. Two members "
    "voted against that. {price} letters about it had come in.",
)
_MONTHS = ("December", "January", "February", "March", "April", "May", "June")


def meeting(num_paragraphs: int, secrets: dict[int, str] | None = None) -> list[Segment]:
    """`num_paragraphs` of some 55 words, 24 s each, a pause of 2 s after each.

    Args:
        secrets: what is said instead in the paragraph of that number.
    """
    spoken = [_OPENING, *islice(_points(), num_paragraphs - 2), _CLOSING]
    for number, text in (secrets or {}).items():
        spoken[number] = text
    return [
        Segment(
            start_s=number * PARAGRAPH_S,
            end_s=(number + 1) * PARAGRAPH_S - 2,
            text=f" {text}",
            language="en",
            avg_logprob=-0.2,
        )
        for number, text in enumerate(spoken)
    ]


def _points() -> list[str]:
    points = []
    for number, (words, (subject, trouble)) in enumerate(product(_WORDS * 99, _SUBJECTS)):
        points.append(
            words.format(
                subject=subject,
                trouble=trouble,
                person=_PEOPLE[number * 3 % len(_PEOPLE)],
                price=number * 37 % 83 + 11,
                month=_MONTHS[number % len(_MONTHS)],
            )
        )
    return points
