"""Names of the languages that recognisers tell apart, by code.

Codes are Whisper's: ISO 639-1 where one exists, else three letters, and `jw` for Javanese.
"""

from __future__ import annotations

from thinktalk.errors import InvalidField

# Written without spaces between words.
UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})

NAMES = {
    "en": "english",
    "zh": "chinese",
    "de": "german",
    "es": "spanish",
    "ru": "russian",
    "ko": "korean",
    "fr": "french",
    "ja": "japanese",
    "pt": "portuguese",
    "tr": "turkish",
    "pl": "polish",
    "ca": "catalan",
    "nl": "dutch",
    "ar": "arabic",
    "sv": "swedish",
    "it": "italian",
    "id": "indonesian",
    "hi": "hindi",
    "fi": "finnish",
    "vi": "vietnamese",
    "he": "hebrew",
    "uk": "ukrainian",
    "el": "greek",
    "ms": "malay",
    "cs": "czech",
    "ro": "romanian",
    "da": "danish",
    "hu": "hungarian",
    "ta": "tamil",
    "no": "norwegian",
    "th": "thai",
    "ur": "urdu",
    "hr": "croatian",
    "bg": "bulgarian",
    "lt": "lithuanian",
    "la": "latin",
    "mi": "maori",
    "ml": "malayalam",
    "cy": "welsh",
    "sk": "slovak",
    "te": "telugu",
    "fa": "persian",
    "lv": "latvian",
    "bn": "bengali",
    "sr": "serbian",
    "az": "azerbaijani",
    "sl": "slovenian",
    "kn": "kannada",
    "et": "estonian",
    "mk": "macedonian",
    "br": "breton",
    "eu": "basque",
    "is": "icelandic",
    "hy": "armenian",
    "ne": "nepali",
    "mn": "mongolian",
    "bs": "bosnian",
    "kk": "kazakh",
    "sq": "albanian",
    "sw": "swahili",
    "gl": "galician",
    "mr": "marathi",
    "pa": "punjabi",
    "si": "sinhala",
    "km": "khmer",
    "sn": "shona",
    "yo": "yoruba",
    "so": "somali",
    "af": "afrikaans",
    "oc": "occitan",
    "ka": "georgian",
    "be": "belarusian",
    "tg": "tajik",
    "sd": "sindhi",
    "gu": "gujarati",
    "am": "amharic",
    "yi": "yiddish",
    "lo": "lao",
    "uz": "uzbek",
    "fo": "faroese",
    "ht": "haitian creole",
    "ps": "pashto",
    "tk": "turkmen",
    "nn": "nynorsk",
    "mt": "maltese",
    "sa": "sanskrit",
    "lb": "luxembourgish",
    "my": "myanmar",
    "bo": "tibetan",
    "tl": "tagalog",
    "mg": "malagasy",
    "as": "assamese",
    "tt": "tatar",
    "haw": "hawaiian",
    "ln": "lingala",
    "ha": "hausa",
    "ba": "bashkir",
    "jw": "javanese",
    "su": "sundanese",
    "yue": "cantonese",
}
_CODES = {name: code for code, name in NAMES.items()} | {
    "mandarin": "zh",
    "castilian": "es",
    "flemish": "nl",
    "farsi": "fa",
    "burmese": "my",
    "filipino": "tl",
    "javanese": "jw",
    "jv": "jw",
    "nb": "no",
    "iw": "he",
    "fil": "tl",
}


def name(code: str) -> str:
    """The English name in lower case, as OpenAI's transcriptions spell it; else the code itself."""
    return NAMES.get(code, code)


def asked_for(language: str | None, *, field: str) -> str | None:
    """The code of what a request names in `field`, None where it names nothing.

    Raises:
        InvalidField: no language is known by that name.
    """
    if language is None:
        return None
    found = code(language)
    if found is None:
        raise InvalidField(f"{field} {language[:100]!r} is not known", param=field)
    return found


def code(language: str) -> str | None:
    """Whisper's code for a code, a tag such as `en-US`, or an English name; None if unknown."""
    wanted = language.strip().lower()
    if wanted in _CODES:
        return _CODES[wanted]
    primary = wanted.replace("_", "-").split("-")[0]
    if primary in NAMES:
        return primary
    return _CODES.get(primary)
