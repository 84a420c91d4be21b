"""Transcripts as text and subtitles."""

from __future__ import annotations

import re

from thinktalk.engines.base import Segment, Word
from thinktalk.serving import transcript


def said(start: float, end: float, text: str, language: str = "en", words: str = "") -> Segment:
    spoken = words.split()
    step = (end - start) / max(1, len(spoken))
    timed = tuple(
        Word(" " + word, start + index * step, start + (index + 1) * step)
        for index, word in enumerate(spoken)
    )
    return Segment(start_s=start, end_s=end, text=text, language=language, words=timed)


def test_words_of_neighbouring_segments_are_spaced_once() -> None:
    segments = [said(0, 1, " Hello"), said(1, 2, "there. "), said(2, 3, "  How are you?")]
    assert transcript.text(segments) == "Hello there. How are you?"


def test_chinese_and_japanese_run_on_without_spaces() -> None:
    segments = [said(0, 1, "今天天气很好。", "zh"), said(1, 2, "我们去公园。", "zh")]
    assert transcript.text(segments) == "今天天气很好。我们去公园。"


def test_latin_words_among_chinese_keep_a_space() -> None:
    segments = [said(0, 1, "我喜欢", "zh"), said(1, 2, "Python", "zh"), said(2, 3, "语言", "zh")]
    assert transcript.text(segments) == "我喜欢 Python语言"


def test_korean_is_spaced() -> None:
    segments = [said(0, 1, "안녕하세요.", "ko"), said(1, 2, "반갑습니다.", "ko")]
    assert transcript.text(segments) == "안녕하세요. 반갑습니다."


def test_segments_without_text_leave_no_trace() -> None:
    segments = [said(0, 1, "One."), said(1, 2, "  "), said(2, 3, "Two.")]
    assert transcript.text(segments) == "One. Two."
    assert transcript.srt(segments).count("-->") == 2


def test_subrip_numbers_cues_and_writes_times_with_a_comma() -> None:
    segments = [said(0, 1.5, " Hello."), said(3661.0004, 3662.9996, " Bye.")]
    assert transcript.srt(segments) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello.\n\n2\n01:01:01,000 --> 01:01:03,000\nBye.\n\n"
    )


def test_webvtt_has_its_header_and_times_with_a_point() -> None:
    assert transcript.vtt([said(0, 1.5, " Hello.")]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello.\n\n"
    )


def test_webvtt_escapes_what_would_be_markup() -> None:
    assert "a &lt; b &amp;&amp; c --&gt; d" in transcript.vtt([said(0, 1, "a < b && c --> d")])


def test_silence_gives_empty_subtitles() -> None:
    assert transcript.srt([]) == ""
    assert transcript.vtt([]) == "WEBVTT\n\n"
    assert transcript.text([]) == ""


def test_long_cues_are_broken_into_two_lines_near_the_middle() -> None:
    sentence = "Could you tell me why my server returns an error when I upload a large file?"
    cue = transcript.srt([said(0, 5, sentence)])
    lines = cue.splitlines()[2:4]
    assert " ".join(lines) == sentence
    assert all(len(line) <= 42 for line in lines)


def test_segments_too_long_for_a_subtitle_are_cut_between_words() -> None:
    sentence = " ".join(["word"] * 60)
    cues = transcript.srt([said(10, 40, " " + sentence, words=sentence)])
    assert cues.count("-->") >= 4
    shown = re.sub(r"\d+\n[\d:,]+ --> [\d:,]+\n", "", cues).split()
    assert shown == sentence.split()
    assert cues.startswith("1\n00:00:10,000")
    assert "--> 00:00:40,000" in cues
