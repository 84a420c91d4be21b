"""Code in words: identifiers, short expressions, command lines.

Numbers are left as digits for later rules. Knows nothing of markdown.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.versions import read_comparators

SPELLED = frozenset(
    "api url uri html css http https sql xml csv js ts ip tcp udp ssh ftp dns cpu gpu ram ui ux"
    " db io os cli sdk jwt pdf png jpg svg npm tls ssl vm ai ml llm tts asr pcm mp sh txt rs cpp"
    " hpp md tsx jsx cfg htm xls xlsx pptx docx wav rb kt php usb lan wan vpn gb mb kb tb".split()
)
"""Lower-case names that are called by their letters."""

_LANGUAGES = {
    "py": "Python", "python": "Python", "js": "JavaScript", "javascript": "JavaScript",
    "ts": "TypeScript", "typescript": "TypeScript", "sh": "shell", "bash": "shell", "zsh": "shell",
    "shell": "shell", "console": "shell", "c": "C", "cpp": "C plus plus", "c++": "C plus plus",
    "cs": "C sharp", "csharp": "C sharp", "go": "Go", "rust": "Rust", "rs": "Rust", "java": "Java",
    "kotlin": "Kotlin", "swift": "Swift", "ruby": "Ruby", "rb": "Ruby", "php": "P-H-P",
    "sql": "S-Q-L", "html": "H-T-M-L", "css": "C-S-S", "json": "JSON", "yaml": "YAML",
    "yml": "YAML", "toml": "TOML", "xml": "X-M-L", "dockerfile": "Docker", "r": "R",
}  # fmt: skip
_ANNOUNCED = {
    "es": "Un bloque de código.", "fr": "Un bloc de code.", "de": "Ein Codeblock.",
    "it": "Un blocco di codice.", "pt": "Um bloco de código.", "zh": "一段代码。",
    "ja": "コードブロック。", "ko": "코드 블록.", "ru": "Блок кода.", "nl": "Een codeblok.",
    "pl": "Blok kodu.", "tr": "Bir kod bloğu.", "hi": "कोड ब्लॉक।",
}  # fmt: skip
_SHORT_LINES, _SHORT_CHARACTERS = 3, 120
_KEPT_CAMEL = frozenset(
    "iPhone iPad iPod iOS macOS eBay eSpeak iCloud iMessage tvOS watchOS".split()
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPERATORS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\bHTTP/(?=\d)", "HTTP "),
        (r"\b(?:https?|wss?)://", " "),
        (r"(?<=localhost):(?=\d)", " port "),
        (r"(?<=\d\d\d):(?=\d)", " to "),
        (r"^:(?=\w)", " colon "),
        (r"(?<!\w)~/", " home slash "),
        (r" \?\? ", " or else "),
        (r"(?<![\w) ])\*\*|(?<= )\*\*(?=[A-Za-z_{])", " star star "),
        (r"(?<=\w )/(?= \w)", " divided by "),
        (r"(?<=\d)_(?=\d)", ""),
        (r"(?<!\w)\.\.(?![.\w])", " dot dot "),
        (r" % ", " mod "),
        (r"::", " "),
        (r"(?<![\w-])--(?=\w)", " dash dash "),
        (r"(?<![\w-])-(?=[A-Za-z])", " dash "),
        (r"(?<=\b[a-z])-(?=\d)|(?<=\))-(?=\w)", " minus "),
        (r"(?<=\w)-(?=\w)", " "),
        (r"\bO\(([^()]+)\)", r"O of \1"),
        (r"(?<=\w)\^2\b", " squared "),
        (r"<=>|&&", " and "),
        (r"\|\|", " or "),
        (r"(?<!\w)!(?=\w)", " not "),
        (r"[!=]==|!=", lambda m: " is not equal to " if m[0][0] == "!" else " equals "),
        (r"[-=]>", " to "),
        (r"<=", " is at most "),
        (r">=", " is at least "),
        (r"\+\+", " plus plus "),
        (r"\+=", " plus equals "),
        (r"-=", " minus equals "),
        (r":?==?", " equals "),
        (r"\*\*", " to the power of "),
        (r"(?<=\d )\*(?= [\w(])|(?<=\b\w )\*(?= [\w(])|(?<=[\w)])\*(?=\w)", " times "),
        (r"\*", " star "),
        (r"(?<=\S) \+ (?=\S)|(?<=\w)\+(?=\w)", " plus "),
        (r" - ", " minus "),
        (r"/", " slash "),
        (r"\\", " backslash "),
        (r" < ", " is less than "),
        (r" > ", " is greater than "),
        (r" \| ", " pipe "),
        (r" & ", " and "),
        (r"\?(?=\w)", " question mark "),
        (r"@", " at "),
        (r"\$(?=\w)", " dollar "),
        (r"%", " percent "),
        (r"~", " tilde "),
        (r"(?<=[A-Za-z_)\]])\.(?=[A-Za-z_])|(?<![\w.])\.(?=[A-Za-z])", " dot "),
    )
)
_SIGNS = {
    "&": "ampersand", "&&": "double ampersand", "|": "pipe", "||": "double pipe", ";": "semicolon",
    ":": "colon", "::": "double colon", ",": "comma", ".": "dot", "...": "dot dot dot",
    "'": "single quote", '"': "double quote", "`": "backtick", "#": "hash", "^": "caret",
    "!": "exclamation mark", "?": "question mark", "??": "double question mark", "~": "tilde",
    "_": "underscore", "-": "hyphen", "--": "double hyphen", "+": "plus", "++": "plus plus",
    "*": "star", "**": "double star", "/": "slash", "//": "double slash", "\\": "backslash",
    "<": "less than", "<=": "less than or equal", ">": "greater than",
    ">=": "greater than or equal", "=": "equals", "==": "double equals", "===": "triple equals",
    "!=": "not equals", "!==": "strict not equals", "=>": "arrow", "->": "arrow", "%": "percent",
    "@": "at sign", "$": "dollar sign", "(": "open parenthesis", ")": "close parenthesis",
    "()": "parentheses", "[": "open bracket", "]": "close bracket", "[]": "brackets",
    "{": "open brace", "}": "close brace", "{}": "braces", "<>": "angle brackets",
}  # fmt: skip
_NAME = re.compile(r"[^\W\d]\w*")


def name(text: str) -> str:
    """Return one identifier in words: pool size, get user by id, dunder init, A-P-I."""
    if text.lower() in SPELLED and (text.islower() or text.isupper()):
        return spell(text)
    if text in _KEPT_CAMEL:
        return text
    if re.fullmatch(r"__\w+?__", text):
        return "dunder " + name(text.strip("_"))
    words = [part for part in text.split("_") if part]
    if len(words) > 1:
        return " ".join(name(word.lower() if word.isupper() else word) for word in words)
    if text[:1].islower() and not text.islower():
        return _CAMEL.sub(" ", text).lower()
    return text.replace("_", " ").strip()


def spell(text: str) -> str:
    """Return letters joined by hyphens, which synthesisers run together: A-P-I."""
    return "-".join(text.upper())


def spoken_code(text: str, language: str = "en") -> str:
    """Return a short piece of code in words; signs have words in English only."""
    if language != "en":
        return " ".join(re.sub(r"[^\w\s.,;:!?'。、，！？-]|_", " ", text).split())
    if sign := _SIGNS.get(text.strip()):
        return sign
    text = read_comparators(re.sub(r"(?<=[\w)]) ?\b(is|in)\b", r" \1", text))
    text = re.sub(r"(?<![\w.])v(?=\d+(?![\w.]))", "v ", text)
    for pattern, said in _OPERATORS:
        text = pattern.sub(said, text)
    text = _NAME.sub(lambda match: name(match[0]), text)
    text = re.sub(r"[()\[\]{}\"'`;,:!#^|&<>=+?$_]", " ", text)
    return " ".join(text.split())


def language_of(fence_info: str) -> str:
    """Return how the language of a fence is called, '' when it has none."""
    tag = fence_info.strip().split(" ")[0].strip("{}.").lower()
    return _LANGUAGES.get(tag, "")


def is_short(lines: list[str]) -> bool:
    """Whether a person would read the block out rather than mention it."""
    return len(lines) <= _SHORT_LINES and sum(map(len, lines)) <= _SHORT_CHARACTERS


def spoken_block(info: str, body: list[str], language: str = "en") -> str:
    """Return a closed code block read out if it is short, announced if it is not."""
    lines = [line.strip() for line in body if line.strip()]
    if is_short(lines):
        said = [spoken_code(re.sub(r"^[$>]\s+", "", line), language) for line in lines]
        return " ".join(f"{line}." for line in said if line)
    return announced(info, len(lines), language=language)


def announced(info: str, num_lines: int | None = None, *, language: str = "en") -> str:
    """Return the sentence that stands for a block; without a count while it is being written."""
    if language != "en":
        return _ANNOUNCED.get(language, "")
    size = f" of {num_lines} lines" if num_lines else ""
    written_in = language_of(info)
    return f"A code block{size}{f' in {written_in}' if written_in else ''}."
