"""Numbers, clocks, dates, money and signs in the languages of `locales.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from num2words import CONVERTER_CLASSES

from thinktalk.engines.cascade.speakable.locales import LOCALES, Forms, Locale
from thinktalk.engines.cascade.speakable.numbers import cardinal, digits, ordinal, roman

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str] | str]

_BEFORE_NUMBERS = frozenset(("S.", "p.", "n.", "§"))
_BEFORE_NAMES = frozenset(("M.",))
_MAX_FIGURES = 15
# A number with a suffix, of the masculine or the feminine; figures in brackets are roman.
_ORDINALS = {
    "es": r"(?P<n>\d{1,3})\.?(?:(?P<m>º|er|ro|do|to|mo)|(?P<f>ª|ra|da|ta|ma))(?!\w)",
    "pt": r"(?P<n>\d{1,3})\.?(?:(?P<m>º)|(?P<f>ª))(?!\w)",
    "it": r"(?P<n>\d{1,3})(?:(?P<m>[º°](?= [a-z]))|(?P<f>ª))|\b(?P<roman>[IVX]+)(?= secolo)",
    "fr": r"(?<!\w)(?:(?P<n>\d{1,3})|(?P<roman>[IVX]+))"
    r"(?:(?P<m>er|e|è|ème|nd)|(?P<f>re|ère|nde))(?!\w)",
}
_ROMAN_CARDINALS = {
    "es": r"\b(?P<what>siglos?) (?P<n>[IVX]+)\b",
    "pt": r"\b(?P<what>séculos?) (?P<n>[IVX]+)\b",
    "fr": r"\b(?P<what>Louis|Napoléon|François|Henri|Charles|Jean-Paul) (?P<n>(?!I\b)[IVX]+)\b",
}
_PHONE = re.compile(
    r"\+\d{1,3}(?:[ .-]?\(?\d+\)?){2,6}|(?<!\d)(?<!\d )\d{3} \d{3} \d{3}(?! ?\d)"
    r"|\b0\d{2,4}[ /-]\d{4,8}\b|\(\d\d\) ?9?\d{4}-\d{4}\b"
)
_VULGAR = (("½", 1, 2), ("⅓", 1, 3), ("⅔", 2, 3), ("¼", 1, 4), ("¾", 3, 4))
# German ordinals end as the word before them asks for.
_STRONG, _WEAK = (
    ("der", "die", "das"),
    ("dem", "den", "des", "am", "im", "zum", "vom", "beim", "zur"),
)
_ARTICLE = rf"(?:\b(?P<article>(?i:{'|'.join(_STRONG + _WEAK)})) )?"


def read_locale(text: str, language: str) -> str:
    """Replace numbers and signs in `text` where the words of `language` are known."""
    if language not in LOCALES:
        return text
    for pattern, said in _rules(language):
        text = pattern.sub(said, text)
    return text


@cache
def _rules(language: str) -> tuple[Rule, ...]:
    locale = LOCALES[language]
    number = _number(locale)
    signs = _either(locale.money)
    scale = rf"(?: ?(?P<scale>{_either(locale.scales)})(?!\w))?" if locale.scales else "(?P<scale>)"
    price = partial(_price, language)
    return (
        (
            re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:https?://|www\.)\S+"),
            partial(_address, locale),
        ),
        (_PHONE, partial(_phone, language)),
        *((re.compile(rf"(?<![\w/]){n}/{d}(?![\w/])"), partial(_sign, v)) for v, n, d in _VULGAR),
        *_shortenings(locale),
        *_dates(language),
        *_ordinals(language),
        (
            re.compile(r"(?<![\w.,])(?P<hours>\d+) ?h ?(?P<minutes>\d+) ?m(?:in)?(?!\w)"),
            partial(_duration, language),
        ),
        # 5-10, 9h-17h, 1914–1918; with a hyphen only if it is no score.
        (
            re.compile(
                r"(?<![\w.,–-])(?P<a>\d+(?::\d\d|h\d*)?)(?P<sign>[-–])(?P<b>\d+(?::\d\d|h\d*)?)(?![\w–-])"
            ),
            partial(_range, locale),
        ),
        *_years(language),
        (
            re.compile(
                rf"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])(?:{locale.clock})(?P<minute>[0-5]\d)(?::[0-5]\d)?"
                r"(?: ?(?:Uhr|horas?|heures?|h)\b)?(?![\w:])"
            ),
            partial(_clock, language),
        ),
        (
            re.compile(rf"(?:(?P<whole>\d+) ?)?(?P<fraction>[{''.join(locale.fractions)}])"),
            partial(_fraction, language),
        ),
        (re.compile(rf"(?P<sign>{signs}) ?(?P<n>{number}){scale}"), price),
        (re.compile(rf"(?P<n>{number}){scale} ?(?P<sign>{signs})"), price),
        # A point that cannot part thousands, in what is measured: 2.5 km.
        (
            re.compile(
                rf"(?<![\d.,])(\d+)\.(\d{{1,2}})(?= ?(?!h\b)(?:{_either(locale.units)})(?![\w/²³]))"
            ),
            rf"\g<1>{locale.point}\g<2>",
        ),
        (re.compile(rf"{number} ?%"), lambda m: f"{_said(m[0], language)} {locale.percent}"),
        (
            re.compile(rf"(?P<n>{number}) ?(?P<unit>{_either(locale.units)})(?![\w/²³])"),
            lambda m: _counted(m["n"], locale.units[m["unit"]], language),
        ),
        *(
            (
                re.compile(rf"(?P<n>{number}) ?(?P<unit>{_either(locale.scales)})(?!\w)"),
                lambda m: _counted(m["n"], locale.scales[m["unit"]], language),
            )
            for _ in locale.scales
        ),
        (re.compile(r"(?<=\d)\.(?=\d{1,2}(?!\d))"), lambda m: f" {locale.dot} "),
        (re.compile(rf"(?<!\w){number}"), partial(_plain, language)),
        (re.compile(r"\d+"), lambda m: f" {_said(m[0], language)} "),
        *(
            (re.compile(rf"(?<=[\w)]) ?{re.escape(sign)} ?(?=[\w(])"), partial(_sign, said))
            for sign, said in locale.signs.items()
        ),
    )


def _either(names: dict[str, Forms]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _number(locale: Locale) -> str:
    """Thousands by stops or by blanks; three groups of three figures are a telephone number."""
    groups = f"[{re.escape(locale.groups)}]"
    return (
        rf"(?:(?<![\w.])[-−])?(?<!\d)(?:\d{{1,3}}(?:{groups}\d{{3}})+(?!\d)"
        rf"|\d{{1,2}}(?: \d{{3}})+(?!\d)|\d{{3}} \d{{3}}(?! ?\d)|\d+)"
        rf"(?:{re.escape(locale.point)}\d+)?"
    )


def _sign(said: str, _: re.Match[str]) -> str:
    return f" {said} "


def _address(locale: Locale, match: re.Match[str]) -> str:
    address = match[0].rstrip(".,;:!?")
    tail = match[0][len(address) :]
    address = re.split(r"[?#]", re.sub(r"^(?:https?://)?(?:www\.)?", "", address))[0].rstrip("/")
    for sign, said in (("@", locale.at), (".", locale.dot), ("/", locale.signs["/"])):
        address = address.replace(sign, f" {said} ")
    return address + tail


def _phone(language: str, match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    if sum(map(len, groups)) < 8:
        return match[0]
    plus = f"{LOCALES[language].signs['+']} " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group, language) for group in groups)


def _shortenings(locale: Locale) -> list[Rule]:
    rules: list[Rule] = []
    for short, said in sorted(locale.short.items(), key=lambda item: -len(item[0])):
        follows = r"(?= ?\d)" if short in _BEFORE_NUMBERS else r"(?!\w)"
        follows = r"(?= [A-ZÀ-Ü])" if short in _BEFORE_NAMES else follows
        rules.append((re.compile(rf"(?<!\w){re.escape(short)}{follows}"), partial(_long, said)))
    return rules


def _long(said: str, match: re.Match[str]) -> str:
    """The word in full; the stop of the last one also ends the sentence."""
    is_last = match[0].endswith(".") and not match.string[match.end() :].strip()
    return said + ("." if is_last else "")


def _dates(language: str) -> list[Rule]:
    day, month, year = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>[12]\d{3})"
    rules: list[Rule] = [
        (
            re.compile(rf"{_ARTICLE}(?<![\d./-]){written}(?![\d/-]|\.\d)"),
            partial(_date, language),
        )
        for written in (rf"{day}([./]){month}\3{year}", rf"{year}-{month}-{day}")
    ]
    if language == "de":
        months = "|".join(LOCALES["de"].months)
        rules.append(
            (
                re.compile(
                    rf"{_ARTICLE}(?P<day>\d{{1,3}})\.(?= (?:{months})\b| (?P<noun>[A-ZÄÖÜ]))"
                ),
                _german_ordinal,
            )
        )
    return rules


def _date(language: str, match: re.Match[str]) -> str:
    locale = LOCALES[language]
    day, month = int(match["day"]), int(match["month"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    article = f"{match['article']} " if match["article"] else ""
    if language == "de":
        said = _declined(day, match["article"])
    else:
        said = locale.first_day if day == 1 and locale.first_day else cardinal(day, language)
    parts = (said, locale.months[month - 1], _year(int(match["year"]), language))
    return article + locale.of.join(parts)


def _year(number: int, language: str) -> str:
    return str(CONVERTER_CLASSES[language].to_year(number))


def _years(language: str) -> list[Rule]:
    """German counts years of the last centuries in hundreds; others read them as numbers."""
    if language != "de":
        return []
    pattern = r"(?<![\d.,–-])1[1-9]\d\d(?![\d,]|\.\d| ?[a-zA-Z€$%]{1,2}\b)"
    return [(re.compile(pattern), lambda m: _year(int(m[0]), language))]


def _german_ordinal(match: re.Match[str]) -> str:
    article = match["article"]
    if match["noun"] and not article:
        return match[0]
    return f"{f'{article} ' if article else ''}{_declined(int(match['day']), article)}"


def _declined(number: int, article: str | None) -> str:
    """Der erste, am ersten, erster."""
    return ordinal(number, "de") + (
        "r" if article is None else "" if article.lower() in _STRONG else "n"
    )


def _ordinals(language: str) -> list[Rule]:
    rules: list[Rule] = []
    if pattern := _ORDINALS.get(language):
        rules.append((re.compile(pattern), partial(_ordinal, language)))
    if pattern := _ROMAN_CARDINALS.get(language):
        rules.append(
            (
                re.compile(pattern),
                lambda m: f"{m['what']} {cardinal(roman(m['n']), language)}",
            )
        )
    return rules


def _ordinal(language: str, match: re.Match[str]) -> str:
    groups = match.groupdict()
    number = roman(groups["roman"]) if groups.get("roman") else int(match["n"])
    said = ordinal(number, language)
    if match["f"]:
        return "première" if said == "premier" else re.sub(r"o\b", "a", said)
    # "el tercer piso", but "el tercero"
    is_short = language == "es" and re.match(r" [a-z]", match.string[match.end() :])
    return re.sub(r"(primer|tercer)o$", r"\1", said) if is_short else said


def _range(locale: Locale, match: re.Match[str]) -> str:
    a, b = (int(re.split("[:h]", match[end])[0]) for end in "ab")
    if match["sign"] == "-" and a >= b:
        return match[0]
    return f"{match['a']} {locale.to} {match['b']}"


def _clock(language: str, match: re.Match[str]) -> str:
    locale = LOCALES[language]
    hour, minute = int(match["hour"]), int(match["minute"])
    said = _agreed(cardinal(hour, language), locale, locale.gender_of_hours)
    behind = (locale.hour if minute else locale.full_hour)[hour != 1]
    said = f"{said} {behind}".strip()
    return f"{said}{locale.and_minutes}{cardinal(minute, language)}" if minute else said


def _duration(language: str, match: re.Match[str]) -> str:
    """2h30m: minutes, where "30m" alone would be a distance."""
    locale = LOCALES[language]
    hours = _counted(match["hours"], locale.units["h"], language)
    return f"{hours}{locale.and_minutes}{_counted(match['minutes'], locale.units['min'], language)}"


def _fraction(language: str, match: re.Match[str]) -> str:
    locale = LOCALES[language]
    said = locale.fractions[match["fraction"]]
    if not match["whole"]:
        noun = re.match(r" +(\w+)", match.string[match.end() :])
        is_feminine = noun and " " not in said and re.match(locale.feminine, noun[1])
        return re.sub("o$", "a", said) if is_feminine else said
    return (
        f"{cardinal(int(match['whole']), language)}{locale.and_fraction}{said.removeprefix('un ')}"
    )


def _price(language: str, match: re.Match[str]) -> str:
    locale = LOCALES[language]
    one, many = locale.money[match["sign"]]
    whole, _, part = match["n"].partition(locale.point)
    if scale := match["scale"]:
        return _counted(match["n"], locale.scales[scale], language) + _of(locale, many, language)
    if len(part) == 2:
        joint, coins = locale.cents
        small = cardinal(int(part), language)
        if not int(re.sub(r"\D", "", whole)):
            return f"{small} {coins}"
        return _counted(whole, (one, many), language) + (joint + small if int(part) else "")
    if not part and int(re.sub(r"\D", "", whole)) % 1_000_000 == 0 < len(whole.strip("0")):
        return _said(whole, language) + _of(locale, many, language)
    return _counted(match["n"], (one, many), language)


def _of(locale: Locale, noun: str, language: str) -> str:
    return (
        f" d'{noun}" if language == "fr" and noun[0] in "aeiou" else f"{locale.of_millions}{noun}"
    )


def _counted(number: str, forms: Forms, language: str) -> str:
    noun = forms[number != "1"]
    return f"{_before_noun(_said(number, language), noun, LOCALES[language])} {noun}"


def _plain(language: str, match: re.Match[str]) -> str:
    locale = LOCALES[language]
    said = _said(match[0], language)
    noun = re.match(rf" ({locale.noun})", match.string[match.end() :])
    if noun is None or noun[1] in locale.particles.split():
        return said
    return _before_noun(said, noun[1], locale)


def _before_noun(number: str, noun: str, locale: Locale) -> str:
    return _agreed(number, locale, 1 if re.match(locale.feminine, noun) else 0)


def _agreed(number: str, locale: Locale, gender: int) -> str:
    """The last word of a number as it stands before a noun."""
    *before, last = number.split(" ")
    return " ".join([*before, locale.agrees.get(last, (last, last))[gender]])


def _said(written: str, language: str) -> str:
    locale = LOCALES[language]
    minus = written[:1] in "-−"
    whole, _, part = re.sub(r"[^\d,.]", "", written).partition(locale.point)
    whole = re.sub(r"\D", "", whole)
    leading_zero = len(whole) > 1 and whole.startswith("0")
    said = (
        digits(whole, language)
        if leading_zero or len(whole) > _MAX_FIGURES
        else cardinal(int(whole), language)
    )
    if part := re.sub(r"\D", "", part):
        said += f" {locale.comma} {digits(part, language)}"
    return f"{locale.minus} {said}" if minus else said
