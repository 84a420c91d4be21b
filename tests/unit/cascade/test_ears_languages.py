"""Language codes and names."""

from __future__ import annotations

import pytest

from thinktalk.engines import languages


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("zh_CN", "zh"),
        ("English", "en"),
        ("german", "de"),
        ("Haitian Creole", "ht"),
        ("jv", "jw"),
        ("nb-NO", "no"),
        ("yue", "yue"),
        ("klingon", None),
        ("", None),
    ],
)
def test_codes_tags_and_names_lead_to_whispers_code(given: str, expected: str | None) -> None:
    assert languages.code(given) == expected


def test_names_are_openais_and_lead_back_to_their_codes() -> None:
    assert languages.name("en") == "english"
    assert len(languages.NAMES) == 100
    assert all(languages.code(languages.name(code)) == code for code in languages.NAMES)


def test_an_unknown_code_is_its_own_name() -> None:
    assert languages.name("tlh") == "tlh"
