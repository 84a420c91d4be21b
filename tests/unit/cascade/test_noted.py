"""Notes are rows with times, and are cut where the recording pauses."""

from __future__ import annotations

from thinktalk.engines.cascade.noted import Note, Row, cut, read_note


def words(text: str) -> int:
    return len(text.split())


def talk(*starts: int, num_words: int = 9) -> tuple[Row, ...]:
    return tuple(Row(s, f"[{s // 60}:{s % 60:02}] " + "word " * num_words) for s in starts)


def starts(parts: list[tuple[Row, ...]]) -> list[list[float]]:
    return [[row.start_s for row in part] for part in parts]


def test_lines_that_begin_with_a_clock_are_rows_and_the_rest_belongs_to_them() -> None:
    note = read_note('[audio, 4000 s]\n[0:05] "Hello"\n[1:02:03] "Bye"\nand more')

    assert note.head == "[audio, 4000 s]"
    assert [row.start_s for row in note.rows] == [5, 3723]
    assert note.rows[1].text == '[1:02:03] "Bye"\nand more'


def test_rows_may_tell_until_when_and_count_minutes_only() -> None:
    note = read_note("Video.\n0:03-0:09 silence\n61:30 on screen: End")

    assert [row.start_s for row in note.rows] == [3, 3690]


def test_clocks_in_code_that_is_shown_open_no_rows() -> None:
    log = "```\n12:30 meeting\n\n12:30:05 ERROR no such file\n[9:15] done\n```"
    note = read_note(f"Video.\n0:03 the code that is shown, complete:\n{log}\n0:20 silence")

    assert [row.start_s for row in note.rows] == [3, 20]
    assert note.rows[0].text.endswith(log)
    assert note.scenes == (3, 20)


def test_code_that_holds_a_fence_itself_ends_with_the_longer_one() -> None:
    shown = "````\n# Log\n```sh\n12:30 meeting\n```\n12:40 lunch\n````"
    note = read_note(f"Video.\n0:03 shown:\n{shown}\n0:20 silence")

    assert [row.start_s for row in note.rows] == [3, 20]


def test_a_fence_that_nothing_closes_holds_nothing_together() -> None:
    note = read_note("Video.\n0:03 on screen:\n```\n0:20 silence\n0:40 scene 2")

    assert [row.start_s for row in note.rows] == [3, 20, 40]


def test_nothing_of_a_note_is_lost_by_reading_it() -> None:
    for text in (
        "",
        "[audio, 3.2 s] no rows",
        "Video.\n0:00 on screen: A\n0:10 on screen: B",
        "Video.\n\n0:00 shown:\n```\n0:01 a\n\n```\n\n0:10 on screen: B\n",
        "```\n0:01 a\n```",
    ):
        assert read_note(text).text == text


def test_what_is_on_screen_changes_the_scene_and_what_is_said_does_not() -> None:
    note = read_note('Video.\n0:00 on screen: Menu\n0:10 said: "Hi"\n0:20 It shows a dog.')

    assert note.scenes == (0, 20)


def test_a_part_ends_at_the_longest_pause_near_the_limit() -> None:
    speech = [(start, start + 9.5) for start in range(0, 120, 10) if start != 30]
    note = Note("", talk(*range(0, 120, 10)), (*speech[:3], (30, 34), *speech[3:]))

    assert starts(cut(note, 55, words))[0] == [0, 10, 20, 30]


def test_parts_are_as_few_as_fit() -> None:
    note = Note("", talk(*range(0, 600, 10)))
    parts = cut(note, 100, words)

    assert [row for part in parts for row in part] == list(note.rows)
    assert all(sum(words(row.text) + 1 for row in part) <= 100 for part in parts)
    assert len(parts) <= 9


def test_what_is_hardly_too_long_is_not_cut_into_much_and_a_crumb() -> None:
    parts = cut(Note("", talk(*range(0, 100, 10))), 100, words)

    assert len(parts) == 2
    assert all(4 <= len(part) <= 6 for part in parts)


def test_where_the_talk_is_dense_parts_are_shorter() -> None:
    note = Note("", (*talk(*range(0, 600, 60)), *talk(*range(600, 700, 5))))
    parts = cut(note, 100, words)

    assert all(sum(words(row.text) + 1 for row in part) <= 100 for part in parts)
    lengths = [part[-1].start_s - part[0].start_s for part in parts]
    assert lengths[0] > lengths[-1]


def test_no_part_is_longer_than_is_allowed() -> None:
    parts = cut(Note("", talk(*range(0, 600, 10))), 10_000, words, longest_s=150)

    assert all(part[-1].start_s - part[0].start_s <= 150 for part in parts)
    assert len(parts) <= 6


def test_a_row_larger_than_a_part_is_cut_between_words_and_keeps_its_time() -> None:
    note = Note("", (Row(65, "[1:05] " + " ".join(map(str, range(100)))),))
    parts = cut(note, 30, words)

    assert {row.start_s for part in parts for row in part} == {65}
    assert all(row.text.startswith("[1:05]") for part in parts for row in part)
    told = " ".join(row.text for part in parts for row in part).replace("[1:05]", "")
    assert told.replace("…", "").split() == [str(n) for n in range(100)]


def test_a_note_without_times_is_cut_between_its_lines() -> None:
    note = Note("\n".join(f"line {n}" for n in range(40)))
    parts = cut(note, 30, words)

    assert [row.text for part in parts for row in part] == note.head.split("\n")
    assert not any(row.is_timed for part in parts for row in part)


def test_rows_of_the_same_moment_are_cut_too() -> None:
    parts = cut(Note("", talk(*[5] * 20)), 50, words)

    assert sum(map(len, parts)) == 20
    assert all(len(part) <= 4 for part in parts)
