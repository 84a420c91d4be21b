"""What a person would read aloud: written text becomes plain words and punctuation.

    speakable("It moves 10 GB/s, see `pool_size`.")
    # It moves ten gigabytes per second, see pool size.

English is complete; other languages have their own table or pass through. Knows nothing of sound.
"""

from __future__ import annotations

from collections.abc import Callable

from thinktalk.engines.cascade.speakable.addresses import read_addresses
from thinktalk.engines.cascade.speakable.chemistry import read_chemistry
from thinktalk.engines.cascade.speakable.code import announced, is_short
from thinktalk.engines.cascade.speakable.dates import read_dates
from thinktalk.engines.cascade.speakable.directions import without_directions
from thinktalk.engines.cascade.speakable.han import read_han
from thinktalk.engines.cascade.speakable.localised import read_locale
from thinktalk.engines.cascade.speakable.markdown import plain, wraps
from thinktalk.engines.cascade.speakable.measures import read_measures
from thinktalk.engines.cascade.speakable.money import read_money
from thinktalk.engines.cascade.speakable.numbers import read_numbers
from thinktalk.engines.cascade.speakable.places import read_places
from thinktalk.engines.cascade.speakable.quantities import read_quantities
from thinktalk.engines.cascade.speakable.symbols import cleaned, polished, read_symbols
from thinktalk.engines.cascade.speakable.terms import read_terms
from thinktalk.engines.cascade.speakable.versions import read_versions

__all__ = ["announced", "is_short", "speakable", "wraps"]

# Order matters: an address holds dates, a date holds numbers, and each rule leaves only words.
_ENGLISH: tuple[Callable[[str], str], ...] = (
    read_addresses,
    read_places,
    read_chemistry,
    read_dates,
    read_versions,
    read_money,
    read_quantities,
    read_terms,
    read_symbols,
    read_numbers,
)


def speakable(text: str, language: str = "en", *, mid_line: bool = False) -> str:
    """Return what is said for `text`, '' where nothing is.

    Args:
        text: markdown as a language model writes it.
        language: ISO 639-1; what has no words here passes through with its markup removed.
        mid_line: the text goes on in a line that began before it, so its start is no list marker
            or heading.
    """
    cued = without_directions(cleaned(text)) if not mid_line else cleaned(text)
    said = plain(cued, language, mid_line=mid_line)
    if language == "en":
        for read in _ENGLISH:
            said = read(said)
    else:
        said = read_measures(read_han(read_locale(said, language), language), language)
    return polished(said, language)
