"""Numbers in Chinese and Japanese characters, which their readers can look up.

Both write them alike; what they say for signs and units, and how zeros are read, is data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from thinktalk.engines.cascade.speakable.numbers import cardinal

_CHINESE = "零一二三四五六七八九"
_POWERS = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_NUMBER = r"(?:(?<![\dA-Za-z.])[-−])?(?<![\d.])\d[\d,]*(?:\.\d+)*"
_HAN = "\u3040-\u30ff\u4e00-\u9fff"
# Blanks that set numbers off from characters are not heard.
_APART = re.compile(rf"(?<=[{_HAN}]) (?=[-−$¥€£]?\d)")
_BEHIND = re.compile(rf"(\d ?[A-Za-z°%/²]{{0,4}}) (?=[{_HAN}])")
_CLOCK = re.compile(r"(?<![\d:])(?P<hour>[01]?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?![\d:])")
_MAX_FIGURES = 7  # longer runs without commas are telephone numbers and the like


@dataclass(frozen=True, slots=True)
class Words:
    """What one of the two languages says. `percent` is before and behind the number."""

    figures: tuple[str, ...]
    minus: str
    percent: tuple[str, str]
    clock: tuple[str, str]
    to: str
    years_by_figure: bool
    units: dict[str, str]
    money: dict[str, str]
    signs: dict[str, str]


_WORDS = {
    "zh": Words(
        figures=tuple("零一二三四五六七八九"), minus="负", percent=("百分之", ""),
        clock=("点", "分"), to="到", years_by_figure=True,
        units={"°C": "摄氏度", "°F": "华氏度", "°": "度", "km/h": "公里每小时", "km": "公里",
               "cm": "厘米", "mm": "毫米", "m²": "平方米", "m": "米", "kg": "公斤", "mg": "毫克",
               "g": "克", "ml": "毫升", "mL": "毫升", "L": "升", "GB": "吉字节", "MB": "兆字节",
               "ms": "毫秒", "s": "秒", "h": "小时", "min": "分钟"},
        money={"A$": "澳元", "C$": "加元", "¢": "美分",
               "¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"},
        signs={"+": "加", "=": "等于", "×": "乘以", "÷": "除以", "&": "和", "≈": "约等于"},
    ),
    "ja": Words(
        figures=("ゼロ", *"一二三四五六七八九"), minus="マイナス", percent=("", "パーセント"),
        clock=("時", "分"), to="から", years_by_figure=False,
        units={"°C": "度", "°F": "度", "°": "度", "km/h": "キロ", "km": "キロメートル",
               "cm": "センチ", "mm": "ミリ", "m²": "平方メートル", "m": "メートル", "kg": "キロ",
               "mg": "ミリグラム", "g": "グラム", "ml": "ミリリットル", "mL": "ミリリットル",
               "L": "リットル", "GB": "ギガバイト", "MB": "メガバイト", "ms": "ミリ秒", "s": "秒",
               "h": "時間", "min": "分"},
        money={"A$": "オーストラリアドル", "C$": "カナダドル",
               "¢": "セント", "¥": "円", "￥": "円", "$": "ドル", "€": "ユーロ", "£": "ポンド"},
        signs={"+": "足す", "=": "イコール", "×": "掛ける", "÷": "割る", "&": "と", "≈": "約"},
    ),
}  # fmt: skip
_TWO = re.compile(r"(?<![\d.第])2(?= ?(?:[个位本次天年周种张件台条家名只块元万千亿]|小时|分钟))")


def read_han(text: str, language: str) -> str:
    """Replace numbers and signs in `text`, which is Chinese or Japanese, by characters."""
    words = _WORDS.get(language)
    if words is None:
        return text
    signs, units = _either(words.money), _either(words.units)
    before, behind = words.percent

    def said(match: re.Match[str]) -> str:
        return _number(match["n"], language)

    text = _APART.sub("", text)
    text = _BEHIND.sub(r"\1", text)
    text = re.sub(r"\b0\d{1,3}-\d{2,4}-\d{3,4}\b", lambda m: _phone(m[0], words), text)
    text = re.sub(r"\b([12]\d{3})[-/.]0?(\d{1,2})[-/.]0?(\d{1,2})(?!\d)", r"\1年\2月\3日", text)
    if words.years_by_figure:
        text = re.sub(r"(?<!\d)[12]\d{3}(?=年)", lambda m: _by_figure(m[0], words), text)
        text = _TWO.sub("两", text)
    text = _CLOCK.sub(lambda m: _clock(m["hour"], m["minute"], language), text)
    text = re.sub(r"(?<=\d) ?[-–~〜～] ?(?=\d)", words.to, text)
    text = re.sub(r"(?<=\d)( ?h ?\d+ ?)m(?:in)?(?![A-Za-z])", r"\1min", text)
    text = re.sub(
        rf"(?P<sign>{signs}) ?(?P<n>{_NUMBER})", lambda m: said(m) + words.money[m["sign"]], text
    )
    text = re.sub(
        rf"(?P<n>{_NUMBER}) ?(?P<sign>{signs})", lambda m: said(m) + words.money[m["sign"]], text
    )
    text = re.sub(rf"(?P<n>{_NUMBER}) ?[%％]", lambda m: f"{before}{said(m)}{behind}", text)
    text = re.sub(
        rf"(?P<n>{_NUMBER}) ?(?P<unit>{units})(?![A-Za-z/²])",
        lambda m: said(m) + words.units[m["unit"]],
        text,
    )
    for sign, name in words.signs.items():
        text = re.sub(rf"(?<=[\w)]) ?{re.escape(sign)} ?(?=[\w(])", name, text)
    return re.sub(rf"(?P<n>{_NUMBER})", said, text)


def _either(names: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _number(written: str, language: str) -> str:
    words = _WORDS[language]
    minus = words.minus if written[0] in "-−" else ""
    whole, *parts = written.lstrip("-−").split(".")
    is_code = len(whole) > _MAX_FIGURES or (len(whole) > 1 and whole[0] == "0")
    whole = whole.replace(",", "")
    said = (
        _by_figure(whole, words) if is_code and "," not in written else _cardinal(whole, language)
    )
    return minus + "点".join([said, *(_by_figure(part, words) for part in parts)])


def _cardinal(figures: str, language: str) -> str:
    if language == "ja" or len(figures) > 4 * len(_GROUPS):
        return cardinal(int(figures), "ja").replace("零", "ゼロ")
    return _chinese(int(figures))


def _chinese(number: int) -> str:
    """Return 一万零八十六 for 10086: one zero for a gap, none at the end."""
    if number == 0:
        return "零"
    groups = [number // 10_000**power % 10_000 for power in range(len(_GROUPS))]
    said = ""
    for group, name in zip(reversed(groups), reversed(_GROUPS), strict=True):
        if group and said and group < 1000:
            said += "零"
        said += _thousands(group) + (name if group else "")
    return said.removeprefix("一") if said.startswith("一十") else said


def _thousands(number: int) -> str:
    figures = f"{number:04}"
    said = "".join(
        f"{_CHINESE[int(figure)]}{power}" if figure != "0" else "零"
        for figure, power in zip(figures, reversed(_POWERS), strict=True)
    )
    return re.sub("零+", "零", said).strip("零")


def _by_figure(figures: str, words: Words) -> str:
    return "".join(words.figures[int(figure)] for figure in figures)


def _phone(written: str, words: Words) -> str:
    return "、".join(_by_figure(group, words) for group in written.split("-"))


def _clock(hour: str, minute: str, language: str) -> str:
    hours, minutes = _WORDS[language].clock
    said = _cardinal(hour, language) + hours
    if int(minute) == 0:
        return said
    zero = "零" if language == "zh" and minute[0] == "0" else ""
    return f"{said}{zero}{_cardinal(minute, language)}{minutes}"
