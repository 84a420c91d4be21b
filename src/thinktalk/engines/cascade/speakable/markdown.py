"""Markdown to text: what a reader sees, with a stop at the end of each line.

Knows nothing of numbers; code and formulas are handed to their own readers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from thinktalk.engines.cascade.speakable.code import spoken_block, spoken_code
from thinktalk.engines.cascade.speakable.latex import read_latex

FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)$")
TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_RULE = re.compile(r"^[ \t]*(?:(?:[-*_][ \t]*){3,}|=+)$")
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t#]*$")
_QUOTE = re.compile(r"^[ \t]*(?:>(?![\d=])[ \t]?)+")
_TASK = re.compile(r"^[ \t]*[-*+•][ \t]+\[([ xX])\][ \t]+")
_BULLET = re.compile(r"^[ \t]*[-*+•‣◦▪●→➜➔⟶⇒✓✔][ \t]+(?=\S)")
_NUMBERED = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]+(?=\S)")
_DEFINITION = re.compile(r"^[ \t]*\[[^\]\n]{1,80}\]:[ \t]*\S.*$")
_WRAP_CHARACTERS = 40  # shorter lines are verses, or lists without marks
# Of HTML only what replies use: `a<b and c>d` and `List<String>` are no tags.
_TAGS = (
    "a|abbr|b|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figure|font|h[1-6]|hr|i|img"
    "|ins|kbd|li|mark|ol|p|pre|q|s|samp|small|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr"
    "|tt|u|ul|var"
)
_STOPS = ".,;:!?…。！？、，；：।؟"

_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)(.+?)(?<!`)\1(?!`)")
_FORMULA = re.compile(
    r"\$\$(.{1,400}?)\$\$|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]"
    r"|(?<![\w$\\])\$(?=[^\s$])((?=[^$]*[A-Za-z\\])[^$\n]{0,200}?)(?<=\S)\$(?![\w$])"
)
_INLINE = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"<!--.*?(?:-->|$)", ""),
        (r"!\[([^\]\n]{1,200})\]\([^)\n]{0,500}\)", r" image: \1 "),
        (r"!\[\]\([^)\n]{0,500}\)", ""),
        (r"\[\^[^\]\s]{1,40}\]", ""),
        (
            r"(?<!\w)\[([^\[\]\n]{1,300})\]"
            r"(?:\([^()\n]{0,500}(?:\([^()\n]{0,100}\)[^()\n]{0,100})?\)|\[[^\]\n]{0,80}\])",
            r"\1",
        ),
        (r"<((?:https?|mailto):[^>\s]{1,500})>", r"\1"),
        (r"<br\s*/?>", " "),
        (rf"</?(?:{_TAGS})(?:\s+[\w:-]+=[^<>\n]{{0,300}})?\s?/?>", ""),
        (r"\\([!\"#$%&'()*+,./:;<=>?@\[\]^_`{|}~-])", r"\1"),
        (r"(?<![\w*])\*(?=\.\w)", " ∗"),
        (r"\*\*\*?(?=\S)|(?<=\S)\*\*\*?", ""),
        (r"~~", ""),
        (r"(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])", ""),
        (r"(?<!\w)_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w)", ""),
        ("∗", "*"),
    )
)  # fmt: skip


def plain(text: str, language: str = "en", *, mid_line: bool = False) -> str:
    """Return `text` without its markup.

    Args:
        language: of the words that stand for code, pictures and check boxes.
        mid_line: the text goes on in a line that began before it, so its start is no marker.
    """
    return " ".join(filter(None, _blocks(text, language, mid_line)))


def _blocks(text: str, language: str, mid_line: bool) -> Iterator[str]:
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        line = lines[index]
        ended = index < len(lines) - 1
        index += 1
        if index == 1 and mid_line:
            yield _line(line, language, ended and not wraps(line, lines[index], mid_line=True))
        elif fence := FENCE.match(line):
            body, index = _fenced(lines, index, fence["mark"])
            yield spoken_block(fence["info"], body, language)
        elif _RULE.match(line) or TABLE_RULE.match(line) or _DEFINITION.match(line):
            continue
        elif is_row(line, lines[index] if ended else ""):
            yield _line(_row(line), language, ended)
        else:
            yield _line(_marked(line, language), language, ended and not wraps(line, lines[index]))


def _fenced(lines: list[str], index: int, mark: str) -> tuple[list[str], int]:
    body = []
    while index < len(lines):
        line = lines[index]
        index += 1
        if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            break
        body.append(line)
    return body, index


def is_row(line: str, following: str = "") -> bool:
    """Whether `line` is a row of a table, knowing the line that follows."""
    if re.match(r"^[ \t]*\|", line):
        return True
    return "|" in line and "|" in following and TABLE_RULE.match(following) is not None


def _row(line: str) -> str:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return ", ".join(cell.strip() for cell in cells if cell.strip())


def wraps(line: str, following: str, *, mid_line: bool = False) -> bool:
    """Whether the break between `line` and `following` is only one of a paragraph's width."""
    if not line.strip():
        return False
    long_enough = mid_line or len(line) >= _WRAP_CHARACTERS
    return long_enough and following[:1].islower() and line.rstrip()[-1:].isalnum()


def _marked(line: str, language: str) -> str:
    line = _QUOTE.sub("", line)
    if heading := _HEADING.match(line):
        return heading[1]
    if task := _TASK.match(line):
        state = f"{'to do' if task[1] == ' ' else 'done'}: " if language == "en" else ""
        return state + line[task.end() :]
    if numbered := _NUMBERED.match(line):
        return f"{numbered[1]}: {line[numbered.end() :]}"
    return _BULLET.sub("", line)


def _line(line: str, language: str, ended: bool) -> str:
    said = inline(line, language).strip()
    if not ended or not any(character.isalnum() for character in said):
        return said
    if said.rstrip("\"')]*_ ")[-1:] in _STOPS:
        return said
    return said + ("。" if "\u3040" <= said[-1] <= "\u9fff" else ".")


def inline(text: str, language: str = "en") -> str:
    """Return one line without the markup within it."""
    if "`" in text:
        if language == "en":
            text = text.replace("`/`", "` or `")
        text = _CODE.sub(lambda match: f" {spoken_code(match[2], language)} ", text)
    if "$" in text or "\\" in text:
        text = _FORMULA.sub(lambda match: read_latex(next(filter(None, match.groups()), "")), text)
    for pattern, said in _INLINE:
        text = pattern.sub(said, text)
    if language != "en":
        text = text.replace(" image: ", " ")
    return html.unescape(text) if "&" in text else text
