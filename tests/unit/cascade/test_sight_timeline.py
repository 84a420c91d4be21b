"""One time line: in order, with clock times, bounded, and saying what it leaves out."""

from __future__ import annotations

from thinktalk.engines.cascade.sight.timeline import Remark, shortened, timeline


def test_sight_and_speech_share_one_time_line() -> None:
    rows = timeline([Remark(65.2, "on screen: Done"), Remark(3.9, 'said: "Hello"')])

    assert rows == ['0:03 said: "Hello"', "1:05 on screen: Done"]


def test_a_span_has_both_its_times() -> None:
    assert timeline([Remark(3.0, "silence", 72.0)]) == ["0:03-1:12 silence"]
    assert timeline([Remark(3.0, "code:", 3.4, "```\nx\n```")]) == ["0:03 code:\n```\nx\n```"]


def test_a_long_story_is_cut_and_every_moment_kept() -> None:
    rows = timeline([Remark(n, "on screen: " + "x" * 500) for n in range(10)], max_characters=1000)

    assert len(rows) == 10
    assert sum(map(len, rows)) <= 1000


def test_what_does_not_fit_is_left_out_evenly_and_counted() -> None:
    rows = timeline([Remark(6.0 * n, f"on screen: {n}" + "x" * 80) for n in range(100)])

    assert rows[0].startswith("0:00 ")
    assert rows[-2].startswith("9:4")
    assert rows[-1] == f"({100 - (len(rows) - 1)} more moments left out)"


def test_a_block_to_be_copied_is_never_cut() -> None:
    code = "```\n" + "print('hello')\n" * 40 + "```"
    talk = [Remark(n, "said: " + "word " * 30) for n in range(100)]

    rows = timeline([*talk, Remark(50.5, "code:", 60, code)], max_characters=1000)

    assert f"0:50-1:00 code:\n{code}" in rows
    assert "more moments left out" in rows[-1]


def test_of_what_was_said_nothing_is_left_out() -> None:
    talk = [Remark(6.0 * n, f'said: "{n} {"word " * 30}"', is_whole=True) for n in range(600)]
    seen = [Remark(6.0 * n, "on screen: " + "x" * 90) for n in range(600)]

    rows = timeline([*talk, *seen])

    assert sum("said:" in row for row in rows) == 600
    assert sum("on screen:" in row for row in rows) < 60
    assert rows[-1].endswith("more moments left out)")


def test_a_listing_too_long_keeps_its_beginning_and_its_end() -> None:
    rows = [f"line {n}" for n in range(100)]

    kept = shortened(rows, 300)

    assert kept[0] == "line 0" and kept[-1] == "line 99"
    (gap,) = [row for row in kept if "left out" in row]
    assert gap == f"[{100 - (len(kept) - 1)} lines left out]"
    assert sum(len(row) + 1 for row in kept if row != gap) <= 300
    assert shortened(rows[:5], 300) == rows[:5]
