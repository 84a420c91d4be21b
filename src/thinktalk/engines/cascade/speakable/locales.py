"""Languages other than English: numbers, percentages, money and common units as data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from thinktalk.engines.cascade.speakable.numbers import cardinal, digits


@dataclass(frozen=True, slots=True)
class Locale:
    """The words of one language. `units` and `money` map a sign to (singular, plural).

    `groups` separates thousands and `point` decimals, as written; `comma` is how the decimal sign
    is said.
    """

    comma: str
    groups: str
    point: str
    percent: str
    minus: str
    signs: dict[str, str]
    units: dict[str, tuple[str, str]]
    money: dict[str, tuple[str, str]]
    of_millions: str = ""


def _same(**words: str) -> dict[str, tuple[str, str]]:
    return {sign: (said, said) for sign, said in words.items()}


LOCALES = {
    "es": Locale(
        "coma", ".", ",", "por ciento", "menos",
        {"&": "y", "+": "más", "=": "igual a", "/": "barra"},
        {"km": ("kilómetro", "kilómetros"), "m": ("metro", "metros"),
         "cm": ("centímetro", "centímetros"), "kg": ("kilo", "kilos"), "g": ("gramo", "gramos"),
         "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
         "ms": ("milisegundo", "milisegundos"), "s": ("segundo", "segundos"),
         "h": ("hora", "horas"), "min": ("minuto", "minutos"),
         "km/h": ("kilómetro por hora", "kilómetros por hora"),
         "°C": ("grado", "grados"), "°": ("grado", "grados")},
        {"€": ("euro", "euros"), "$": ("dólar", "dólares"), "£": ("libra", "libras")},
        "de",
    ),
    "fr": Locale(
        "virgule", " .", ",", "pour cent", "moins",
        {"&": "et", "+": "plus", "=": "égale", "/": "barre oblique"},
        {"km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"),
         "cm": ("centimètre", "centimètres"), "kg": ("kilo", "kilos"), "g": ("gramme", "grammes"),
         "Go": ("gigaoctet", "gigaoctets"), "GB": ("gigaoctet", "gigaoctets"),
         "ms": ("milliseconde", "millisecondes"), "s": ("seconde", "secondes"),
         "h": ("heure", "heures"), "min": ("minute", "minutes"),
         "km/h": ("kilomètre par heure", "kilomètres par heure"),
         "°C": ("degré", "degrés"), "°": ("degré", "degrés")},
        {"€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("livre", "livres")},
        "de",
    ),
    "de": Locale(
        "Komma", ".", ",", "Prozent", "minus",
        {"&": "und", "+": "plus", "=": "gleich", "/": "Schrägstrich"},
        {**_same(km="Kilometer", m="Meter", cm="Zentimeter", kg="Kilogramm", g="Gramm",
                 GB="Gigabyte", MB="Megabyte", min="Minuten"),
         "ms": ("Millisekunde", "Millisekunden"), "s": ("Sekunde", "Sekunden"),
         "h": ("Stunde", "Stunden"), "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
         "°C": ("Grad", "Grad"), "°": ("Grad", "Grad")},
        {"€": ("Euro", "Euro"), "$": ("Dollar", "Dollar"), "£": ("Pfund", "Pfund")},
    ),
    "it": Locale(
        "virgola", ".", ",", "per cento", "meno",
        {"&": "e", "+": "più", "=": "uguale a", "/": "barra"},
        {"km": ("chilometro", "chilometri"), "m": ("metro", "metri"),
         "cm": ("centimetro", "centimetri"), "kg": ("chilo", "chili"), "g": ("grammo", "grammi"),
         "GB": ("gigabyte", "gigabyte"), "MB": ("megabyte", "megabyte"),
         "ms": ("millisecondo", "millisecondi"), "s": ("secondo", "secondi"),
         "h": ("ora", "ore"), "min": ("minuto", "minuti"),
         "km/h": ("chilometro all'ora", "chilometri all'ora"),
         "°C": ("grado", "gradi"), "°": ("grado", "gradi")},
        {"€": ("euro", "euro"), "$": ("dollaro", "dollari"), "£": ("sterlina", "sterline")},
        "di",
    ),
    "pt": Locale(
        "vírgula", ".", ",", "por cento", "menos",
        {"&": "e", "+": "mais", "=": "igual a", "/": "barra"},
        {"km": ("quilômetro", "quilômetros"), "m": ("metro", "metros"),
         "cm": ("centímetro", "centímetros"), "kg": ("quilo", "quilos"), "g": ("grama", "gramas"),
         "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
         "ms": ("milissegundo", "milissegundos"), "s": ("segundo", "segundos"),
         "h": ("hora", "horas"), "min": ("minuto", "minutos"),
         "km/h": ("quilômetro por hora", "quilômetros por hora"),
         "°C": ("grau", "graus"), "°": ("grau", "graus")},
        {"R$": ("real", "reais"), "€": ("euro", "euros"), "$": ("dólar", "dólares"),
         "£": ("libra", "libras")},
        "de",
    ),
}  # fmt: skip


def read_locale(text: str, language: str) -> str:
    """Replace numbers and signs in `text` where the words of `language` are known."""
    locale = LOCALES.get(language)
    if locale is None:
        return text
    number = _number_pattern(locale)
    text = _read_money(text, language, locale, number)
    text = re.sub(rf"{number} ?%", lambda m: f"{_said(m[0], language)} {locale.percent}", text)
    units = "|".join(re.escape(unit) for unit in sorted(locale.units, key=len, reverse=True))
    text = re.sub(
        rf"(?P<n>{number}) ?(?P<unit>{units})(?![\w/²³])",
        lambda m: f"{_said(m['n'], language)} {_form(m['n'], locale.units[m['unit']])}",
        text,
    )
    text = re.sub(rf"(?<!\w){number}", lambda m: f"{_said(m[0], language)}", text)
    text = re.sub(r"\d+", lambda m: f" {_said(m[0], language)} ", text)
    for sign, said in locale.signs.items():
        text = re.sub(rf"(?<=[\w)]) ?{re.escape(sign)} ?(?=[\w(])", f" {said} ", text)
    return text


def _number_pattern(locale: Locale) -> str:
    groups = f"[{re.escape(locale.groups)}]"
    return (
        rf"(?:(?<![\w.])[-−])?(?:\d{{1,3}}(?:{groups}\d{{3}})+(?!\d)|\d+)"
        rf"(?:{re.escape(locale.point)}\d+)?"
    )


def _read_money(text: str, language: str, locale: Locale, number: str) -> str:
    signs = "|".join(re.escape(sign) for sign in sorted(locale.money, key=len, reverse=True))

    def said(match: re.Match[str]) -> str:
        return f"{_said(match['n'], language)} {_form(match['n'], locale.money[match['sign']])}"

    text = re.sub(rf"(?P<sign>{signs}) ?(?P<n>{number})", said, text)
    return re.sub(rf"(?P<n>{number}) ?(?P<sign>{signs})", said, text)


def _form(number: str, forms: tuple[str, str]) -> str:
    return forms[0] if number == "1" else forms[1]


def _said(written: str, language: str) -> str:
    locale = LOCALES[language]
    minus = written[:1] in "-−"
    whole, _, part = re.sub(r"[^\d,.]", "", written).partition(locale.point)
    whole = re.sub(r"\D", "", whole)
    leading_zero = len(whole) > 1 and whole.startswith("0")
    said = (
        digits(whole, language)
        if leading_zero or len(whole) > 15
        else cardinal(int(whole), language)
    )
    if part := re.sub(r"\D", "", part):
        said += f" {locale.comma} {digits(part, language)}"
    return f"{locale.minus} {said}" if minus else said
