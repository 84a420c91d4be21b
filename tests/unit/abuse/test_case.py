"""How answers are judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from thinktalk.abuse.case import ANSWERED, CLOSED, EITHER, REFUSED, Answer, Case, Limits, faults
from thinktalk.abuse.catalogue import all_cases, chosen, families

ERROR = json.dumps({"error": {"message": "no", "type": "invalid_request_error"}}).encode()


def judged(expected: Any = REFUSED, **answer: Any) -> str:
    case = Case(
        family="f", name="n", send=lambda _: Answer(status=None, took_s=0), expected=expected
    )
    given = Answer(**{"status": 400, "body": ERROR, "took_s": 0.1, **answer})
    return "; ".join(faults(case, given, Limits(answer_s=2)))


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (REFUSED, {"status": 400}),
        (REFUSED, {"status": 413}),
        (EITHER, {"status": 422}),
        (EITHER, {"status": 200, "body": b"{}", "took_s": 1.5}),
        (ANSWERED, {"status": 200, "body": b"{}"}),
        (CLOSED, {"status": None}),
        (CLOSED, {"status": 408}),
    ],
)
def test_an_answer_that_will_do(expected: Any, answer: dict[str, Any]) -> None:
    assert judged(expected, **answer) == ""


@pytest.mark.parametrize(
    ("expected", "answer", "fault"),
    [
        (REFUSED, {"status": 500}, "status 500"),
        (EITHER, {"status": 503}, "status 503"),
        (REFUSED, {"status": 200}, "let in"),
        (ANSWERED, {"status": 400}, "refused, though nothing is wrong"),
        (REFUSED, {"status": None}, "closed without an answer"),
        (CLOSED, {"status": None, "has_hung": True, "took_s": 9.0}, "no answer within 9.0 s"),
        (REFUSED, {"body": b"Bad Request"}, "the body is no OpenAI error: 'Bad Request'"),
        (REFUSED, {"body": b'{"detail": "no"}'}, "no OpenAI error"),
        (REFUSED, {"took_s": 0.5}, "took 0.50 s; the limit is 0.30 s"),
        (ANSWERED, {"status": 200, "took_s": 2.5}, "took 2.50 s; the limit is 2.00 s"),
    ],
)
def test_an_answer_that_will_not_do(expected: Any, answer: dict[str, Any], fault: str) -> None:
    assert fault in judged(expected, **answer)


def test_every_case_has_a_name_of_its_own() -> None:
    labels = [case.label for case in all_cases()]
    assert len(labels) == len(set(labels))


def test_cases_are_chosen_by_family_and_by_pattern() -> None:
    assert {case.family for case in chosen(["picture", "json"])} == {"picture", "json"}
    slow = chosen(["wire/slow*"])
    assert len(slow) > 3
    assert all(case.name.startswith("slow") for case in slow)
    assert len(chosen([])) == sum(len(chosen([family])) for family in families())
    assert chosen(["nothing"]) == []
