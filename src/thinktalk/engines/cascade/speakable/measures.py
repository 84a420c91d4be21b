"""Units and the decimal sign in languages whose numbers eSpeak NG reads by itself.

It spells what it does not know in English letters, and reads only one of "2,5" and "2.5" as a
number in most languages. Forms of a word are apart by "/": one, two to four, more.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re
from functools import cache

_SIGNS = ("km", "kg", "cm", "m", "l", "%", "°C")
_WORDS = {
    "ru": "километр/километра/километров килограмм/килограмма/килограммов"
    " сантиметр/сантиметра/сантиметров метр/метра/метров литр/литра/литров"
    " процент/процента/процентов градус/градуса/градусов",
    "pl": "kilometr/kilometry/kilometrów kilogram/kilogramy/kilogramów"
    " centymetr/centymetry/centymetrów metr/metry/metrów litr/litry/litrów procent"
    " stopień/stopnie/stopni",
    "cs": "kilometr/kilometry/kilometrů kilogram/kilogramy/kilogramů"
    " centimetr/centimetry/centimetrů metr/metry/metrů litr/litry/litrů procento/procenta/procent"
    " stupeň/stupně/stupňů",
    "ko": "킬로미터 킬로그램 센티미터 미터 리터 퍼센트 도",
    "th": "กิโลเมตร กิโลกรัม เซนติเมตร เมตร ลิตร เปอร์เซ็นต์ องศา",
    "hi": "किलोमीटर किलोग्राम सेंटीमीटर मीटर लीटर प्रतिशत डिग्री",
    "ur": "کلومیٹر کلوگرام سینٹی‌میٹر میٹر لیٹر فیصد ڈگری",
    "fa": "کیلومتر کیلوگرم سانتی‌متر متر لیتر درصد درجه",
    "ar": "كيلومتر كيلوغرام سنتيمتر متر لتر بالمئة درجة",
    "he": "קילומטר קילוגרם סנטימטר מטר ליטר אחוז מעלות",
    "id": "kilometer kilogram sentimeter meter liter persen derajat",
    "ms": "kilometer kilogram sentimeter meter liter peratus darjah",
    "tl": "kilometro kilo sentimetro metro litro porsiyento digri",
    "vi": "ki-lô-mét ki-lô-gam xen-ti-mét mét lít phần-trăm độ",
    "tr": "kilometre kilogram santimetre metre litre yüzde derece",
    "fi": "kilometri/kilometriä/kilometriä kilo/kiloa/kiloa sentti/senttiä/senttiä"
    " metri/metriä/metriä litra/litraa/litraa prosentti/prosenttia/prosenttia aste/astetta/astetta",
    "nl": "kilometer kilo centimeter meter liter procent graden",
    "sv": "kilometer kilo centimeter meter liter procent grader",
    "da": "kilometer kilo centimeter meter liter procent grader",
    "no": "kilometer kilo centimeter meter liter prosent grader",
    "is": "kílómetrar kíló sentimetrar metrar lítrar prósent gráður",
}
# The sign, or the word, that is read in the middle of a number.
_POINTS = {
    "ko": " 점 ", "th": " จุด ", "hi": ".", "ur": ".", "fa": ".", "ar": ".", "he": ".",
} | dict.fromkeys("ru pl cs id ms tl vi tr fi nl sv da no is".split(), ",")  # fmt: skip
_NUMBER = r"(?<![\w.,])\d+(?:[.,]\d{1,2})?(?!\d)"


def read_measures(text: str, language: str) -> str:
    """Replace units behind numbers by words of `language`, and write decimals as it does."""
    if language not in _WORDS:
        return text
    pattern, words = _rule(language)

    def said(match: re.Match[str]) -> str:
        forms = words[match["unit"]].split("/")
        return f"{match['n']} {forms[_form(match['n'], language) if len(forms) > 1 else 0]}"

    text = pattern.sub(said, text)
    # Three figures behind the sign are thousands.
    return re.sub(
        r"(?<![\d.,])(\d+)[.,](\d{1,2})(?![\d.,]\d|\d)", rf"\1{_POINTS[language]}\2", text
    )


@cache
def _rule(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    words = dict(zip(_SIGNS, _WORDS[language].split(" "), strict=True))
    units = "|".join(map(re.escape, _SIGNS))
    return re.compile(rf"(?P<n>{_NUMBER}) ?(?P<unit>{units})(?![\w/²³])"), words


def _form(number: str, language: str) -> int:
    """0 for 1, in Russian for 21 too; 1 for what ends in 2 to 4 and for fractions; 2 for others."""
    if not number.isdecimal():
        return 1
    tens, ones = divmod(int(number) % 100, 10)
    if int(number) == 1 or (language == "ru" and ones == 1 and tens != 1):
        return 0
    return 1 if 2 <= ones <= 4 and tens != 1 else 2
