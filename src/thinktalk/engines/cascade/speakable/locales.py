"""The words of languages other than English: what `localised.py` needs to read numbers, as data."""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

from dataclasses import dataclass, field

Forms = tuple[str, str]
"""Singular and plural, or masculine and feminine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """The words of one language.

    `units`, `money` and `scales` map a sign to (singular, plural); `signs` operators, `short`
    abbreviations to what is said.

    Attributes:
        comma, dot: how the decimal sign and a full stop inside a word are called.
        groups: what separates thousands, besides blanks; the other of "." and "," is decimal.
        to: between the ends of a range.
        at: the sign of e-mail addresses.
        months: from January on.
        of: between day, month and year.
        first_day: of a month, where it is an ordinal.
        clock: pattern of what stands between hours and minutes.
        hour, full_hour: behind the hour, with minutes or without.
        and_minutes: between hour and minutes.
        gender_of_hours: 0 or 1, as in `agrees`.
        cents: (joint, coins) as in "twelve euros and fifty", "ninety-nine cents".
        of_millions: between millions and what is counted.
        agrees: last word of a number to its (masculine, feminine) form before a noun.
        noun: pattern of a noun.
        feminine: pattern of nouns that are feminine as a rule.
        particles: words behind a number that are no nouns.
        fractions: of a vulgar fraction; `and_fraction` joins it to a whole number.
    """

    comma: str
    dot: str
    groups: str
    percent: str
    minus: str
    to: str
    at: str
    months: tuple[str, ...]
    of: str
    first_day: str = ""
    clock: str = ":| ?h ?"
    hour: Forms = ("", "")
    full_hour: Forms = ("", "")
    and_minutes: str = " "
    gender_of_hours: int = 1
    cents: Forms
    of_millions: str = " "
    agrees: dict[str, Forms]
    noun: str = r"[^\W\d_A-Z]\w+"
    feminine: str
    particles: str
    fractions: dict[str, str]
    and_fraction: str
    signs: dict[str, str]
    units: dict[str, Forms]
    money: dict[str, Forms]
    scales: dict[str, Forms] = field(default_factory=dict)
    short: dict[str, str]

    @property
    def point(self) -> str:
        """The decimal sign."""
        return "," if "." in self.groups else "."


def _same(**words: str) -> dict[str, Forms]:
    return {sign: (said, said) for sign, said in words.items()}


LOCALES = {
    "es": Locale(
        comma="coma", dot="punto", groups=".", percent="por ciento", minus="menos", to="a",
        at="arroba", of=" de ", and_minutes=" y ",
        clock=r":| ?h ?|(?<=las \d\d)\.|(?<=las \d)\.", cents=(" con ", "céntimos"),
        of_millions=" de ",
        months=tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre"
                     " noviembre diciembre".split()),
        agrees={"uno": ("un", "una"), "veintiuno": ("veintiún", "veintiuna")},
        feminine=r"(?!(?:día|problema|tema|sistema|programa|idioma|mapa)s?$)\w+(?:as?|ción|ciones"
                 r"|dad|dades)$",
        particles="de y e o u a por en es con del que al para más menos coma",
        fractions={"½": "medio", "⅓": "un tercio", "⅔": "dos tercios", "¼": "un cuarto",
                   "¾": "tres cuartos"},
        and_fraction=" y ",
        signs={"&": "y", "+": "más", "=": "igual a", "/": "barra", "×": "por", "÷": "entre",
               "≈": "aproximadamente", "<": "menor que", ">": "mayor que"},
        units={"km": ("kilómetro", "kilómetros"), "m": ("metro", "metros"),
               "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
               "m²": ("metro cuadrado", "metros cuadrados"),
               "km²": ("kilómetro cuadrado", "kilómetros cuadrados"),
               "m³": ("metro cúbico", "metros cúbicos"), "kg": ("kilo", "kilos"),
               "g": ("gramo", "gramos"), "mg": ("miligramo", "miligramos"),
               "l": ("litro", "litros"), "ml": ("mililitro", "mililitros"),
               "GB": ("gigabyte", "gigabytes"),
               "MB": ("megabyte", "megabytes"),
               "Mbit/s": ("megabit por segundo", "megabits por segundo"),
               "ms": ("milisegundo", "milisegundos"), "s": ("segundo", "segundos"),
               "h": ("hora", "horas"), "min": ("minuto", "minutos"),
               "km/h": ("kilómetro por hora", "kilómetros por hora"),
               "¢": ("centavo", "centavos"), "°C": ("grado", "grados"), "°": ("grado", "grados")},
        money={"A$": ("dólar australiano", "dólares australianos"),
               "C$": ("dólar canadiense", "dólares canadienses"),
               "€": ("euro", "euros"), "$": ("dólar", "dólares"), "US$": ("dólar", "dólares"),
               "£": ("libra", "libras")},
        scales={"M": ("millón", "millones"), "mil M": ("mil millones", "mil millones")},
        short={"Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Dr.": "doctor",
               "Dra.": "doctora", "p. ej.": "por ejemplo", "etc.": "etcétera", "núm.": "número",
               "n.º": "número", "nº": "número", "pág.": "página", "EE. UU.": "Estados Unidos",
               "EE.UU.": "Estados Unidos", "Ud.": "usted", "Uds.": "ustedes",
               "aprox.": "aproximadamente", "a. C.": "antes de Cristo",
               "d. C.": "después de Cristo"},
    ),
    "fr": Locale(
        comma="virgule", dot="point", groups=".", percent="pour cent", minus="moins", to="à",
        at="arobase", of=" ", first_day="premier", hour=("heure", "heures"),
        full_hour=("heure", "heures"), cents=(" ", "centimes"), of_millions=" de ",
        months=tuple("janvier février mars avril mai juin juillet août septembre octobre novembre"
                     " décembre".split()),
        agrees={"un": ("un", "une")},
        feminine=r"(?:\w+(?:tion|sion|ette|ures?|ées?)|heures?|minutes?|secondes?|fois|pages?|livres?"
                 r"|personnes?|semaines?|années?|millisecondes?)$",
        particles="de et ou à en par est que pour virgule",
        fractions={"½": "un demi", "⅓": "un tiers", "⅔": "deux tiers", "¼": "un quart",
                   "¾": "trois quarts"},
        and_fraction=" et ",
        signs={"&": "et", "+": "plus", "=": "égale", "/": "barre oblique", "×": "fois",
               "÷": "divisé par", "≈": "environ", "<": "inférieur à", ">": "supérieur à"},
        units={"km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"),
               "cm": ("centimètre", "centimètres"), "mm": ("millimètre", "millimètres"),
               "m²": ("mètre carré", "mètres carrés"),
               "km²": ("kilomètre carré", "kilomètres carrés"),
               "m³": ("mètre cube", "mètres cubes"), "kg": ("kilo", "kilos"),
               "g": ("gramme", "grammes"), "mg": ("milligramme", "milligrammes"),
               "l": ("litre", "litres"),
               "L": ("litre", "litres"), "ml": ("millilitre", "millilitres"),
               "cl": ("centilitre", "centilitres"), "Go": ("gigaoctet", "gigaoctets"),
               "GB": ("gigaoctet", "gigaoctets"), "Mo": ("mégaoctet", "mégaoctets"),
               "Mbit/s": ("mégabit par seconde", "mégabits par seconde"),
               "ms": ("milliseconde", "millisecondes"), "s": ("seconde", "secondes"),
               "h": ("heure", "heures"), "min": ("minute", "minutes"),
               "km/h": ("kilomètre par heure", "kilomètres par heure"),
               "¢": ("cent", "cents"), "°C": ("degré", "degrés"), "°": ("degré", "degrés")},
        money={"A$": ("dollar australien", "dollars australiens"),
               "C$": ("dollar canadien", "dollars canadiens"),
               "€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("livre", "livres")},
        scales={"M": ("million", "millions"), "Md": ("milliard", "milliards"),
                "Mds": ("milliard", "milliards")},
        short={"M.": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle", "Dr": "Docteur",
               "p. ex.": "par exemple", "etc.": "et cetera", "n°": "numéro", "p.": "page",
               "c.-à-d.": "c'est-à-dire", "env.": "environ", "av. J.-C.": "avant Jésus-Christ",
               "apr. J.-C.": "après Jésus-Christ"},
    ),
    "de": Locale(
        comma="Komma", dot="Punkt", groups=".", percent="Prozent", minus="minus", to="bis", at="ät",
        of=" ", clock=r":|\.(?=\d\d Uhr)", hour=("Uhr", "Uhr"), full_hour=("Uhr", "Uhr"),
        gender_of_hours=0, cents=(" ", "Cent"), noun=r"[A-ZÄÖÜ]\w+",
        months=tuple("Januar Februar März April Mai Juni Juli August September Oktober November"
                     " Dezember".split()),
        agrees={"eins": ("ein", "eine")},
        feminine=r"(?!Name|Kunde|Kollege|Junge)[A-ZÄÖÜ]\w+(?:e|ung|heit|keit|ion|schaft|tät)$",
        particles="",
        fractions={"½": "ein halb", "⅓": "ein Drittel", "⅔": "zwei Drittel", "¼": "ein Viertel",
                   "¾": "drei Viertel"},
        and_fraction=" ",
        signs={"&": "und", "+": "plus", "=": "gleich", "/": "Schrägstrich", "×": "mal",
               "÷": "geteilt durch", "≈": "ungefähr", "<": "kleiner als", ">": "größer als"},
        units=_same(km="Kilometer", m="Meter", cm="Zentimeter", mm="Millimeter", kg="Kilogramm",
                    g="Gramm", mg="Milligramm", l="Liter", ml="Milliliter", GB="Gigabyte",
                    MB="Megabyte", TB="Terabyte")
        | {"m²": ("Quadratmeter", "Quadratmeter"), "m³": ("Kubikmeter", "Kubikmeter"),
           "km²": ("Quadratkilometer", "Quadratkilometer"),
           "Mbit/s": ("Megabit pro Sekunde", "Megabit pro Sekunde"),
           "ms": ("Millisekunde", "Millisekunden"), "s": ("Sekunde", "Sekunden"),
           "min": ("Minute", "Minuten"), "Min.": ("Minute", "Minuten"),
           "h": ("Stunde", "Stunden"), "Std.": ("Stunde", "Stunden"),
           "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
           "¢": ("Cent", "Cent"), "°C": ("Grad", "Grad"), "°": ("Grad", "Grad")},
        money={"A$": ("australischer Dollar", "australische Dollar"),
               "C$": ("kanadischer Dollar", "kanadische Dollar"),
               "€": ("Euro", "Euro"), "$": ("Dollar", "Dollar"), "£": ("Pfund", "Pfund")},
        scales={"Mio.": ("Million", "Millionen"), "Mrd.": ("Milliarde", "Milliarden")},
        short={"z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt",
               "d.h.": "das heißt", "ca.": "circa", "bzw.": "beziehungsweise",
               "usw.": "und so weiter", "u. a.": "unter anderem", "u.a.": "unter anderem",
               "Nr.": "Nummer", "S.": "Seite", "Dr.": "Doktor", "Prof.": "Professor",
               "vgl.": "vergleiche", "inkl.": "inklusive", "ggf.": "gegebenenfalls",
               "evtl.": "eventuell", "Abs.": "Absatz", "Tel.": "Telefon", "§": "Paragraf",
               "etc.": "et cetera"},
    ),
    "it": Locale(
        comma="virgola", dot="punto", groups=".", percent="per cento", minus="meno", to="a",
        at="chiocciola", of=" ", first_day="primo", and_minutes=" e ",
        clock=r":|(?<=alle \d\d)\.|(?<=alle \d)\.|(?<=ore \d\d)\.|(?<=ore \d)\.",
        cents=(" e ", "centesimi"), of_millions=" di ",
        months=tuple("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre"
                     " novembre dicembre".split()),
        agrees={"uno": ("un", "una")},
        feminine=r"(?!problema|sistema|tema|programma)\w+(?:a|zione|tà)$",
        particles="di e o a per in è con che al del virgola",
        fractions={"½": "mezzo", "⅓": "un terzo", "⅔": "due terzi", "¼": "un quarto",
                   "¾": "tre quarti"},
        and_fraction=" e ",
        signs={"&": "e", "+": "più", "=": "uguale a", "/": "barra", "×": "per", "÷": "diviso",
               "≈": "circa", "<": "minore di", ">": "maggiore di"},
        units={"km": ("chilometro", "chilometri"), "m": ("metro", "metri"),
               "cm": ("centimetro", "centimetri"), "mm": ("millimetro", "millimetri"),
               "m²": ("metro quadrato", "metri quadrati"),
               "km²": ("chilometro quadrato", "chilometri quadrati"),
               "m³": ("metro cubo", "metri cubi"), "kg": ("chilo", "chili"),
               "g": ("grammo", "grammi"), "mg": ("milligrammo", "milligrammi"),
               "l": ("litro", "litri"), "ml": ("millilitro", "millilitri"),
               "GB": ("gigabyte", "gigabyte"), "MB": ("megabyte", "megabyte"),
               "Mbit/s": ("megabit al secondo", "megabit al secondo"),
               "ms": ("millisecondo", "millisecondi"), "s": ("secondo", "secondi"),
               "h": ("ora", "ore"), "min": ("minuto", "minuti"),
               "km/h": ("chilometro all'ora", "chilometri all'ora"),
               "¢": ("centesimo", "centesimi"), "°C": ("grado", "gradi"), "°": ("grado", "gradi")},
        money={"A$": ("dollaro australiano", "dollari australiani"),
               "C$": ("dollaro canadese", "dollari canadesi"),
               "€": ("euro", "euro"), "$": ("dollaro", "dollari"), "£": ("sterlina", "sterline")},
        scales={"mln": ("milione", "milioni"), "mld": ("miliardo", "miliardi")},
        short={"Sig.": "signor", "Sig.ra": "signora", "Dott.": "dottor", "ecc.": "eccetera",
               "n.": "numero", "pag.": "pagina", "p. es.": "per esempio", "ca.": "circa",
               "a.C.": "avanti Cristo", "d.C.": "dopo Cristo"},
    ),
    "pt": Locale(
        comma="vírgula", dot="ponto", groups=".", percent="por cento", minus="menos", to="a",
        at="arroba", of=" de ", first_day="primeiro", and_minutes=" e ",
        full_hour=("hora", "horas"), cents=(" e ", "centavos"), of_millions=" de ",
        months=tuple("janeiro fevereiro março abril maio junho julho agosto setembro outubro"
                     " novembro dezembro".split()),
        agrees={"um": ("um", "uma"), "dois": ("dois", "duas")},
        feminine=r"(?!(?:dia|problema|tema|sistema|programa|mapa)s?$)\w+(?:as?|ção|ções|dade|dades)$",
        particles="de e ou a por em é com do que ao para mais menos vírgula",
        fractions={"½": "meio", "⅓": "um terço", "⅔": "dois terços", "¼": "um quarto",
                   "¾": "três quartos"},
        and_fraction=" e ",
        signs={"&": "e", "+": "mais", "=": "igual a", "/": "barra", "×": "vezes",
               "÷": "dividido por", "≈": "aproximadamente", "<": "menor que", ">": "maior que"},
        units={"km": ("quilômetro", "quilômetros"), "m": ("metro", "metros"),
               "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
               "m²": ("metro quadrado", "metros quadrados"),
               "km²": ("quilômetro quadrado", "quilômetros quadrados"),
               "m³": ("metro cúbico", "metros cúbicos"), "kg": ("quilo", "quilos"),
               "g": ("grama", "gramas"), "mg": ("miligrama", "miligramas"),
               "l": ("litro", "litros"), "ml": ("mililitro", "mililitros"),
               "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
               "Mbit/s": ("megabit por segundo", "megabits por segundo"),
               "ms": ("milissegundo", "milissegundos"), "s": ("segundo", "segundos"),
               "h": ("hora", "horas"), "min": ("minuto", "minutos"),
               "km/h": ("quilômetro por hora", "quilômetros por hora"),
               "¢": ("centavo", "centavos"), "°C": ("grau", "graus"), "°": ("grau", "graus")},
        money={"A$": ("dólar australiano", "dólares australianos"),
               "C$": ("dólar canadense", "dólares canadenses"),
               "R$": ("real", "reais"), "€": ("euro", "euros"), "$": ("dólar", "dólares"),
               "US$": ("dólar", "dólares"), "£": ("libra", "libras")},
        scales={"mi": ("milhão", "milhões"), "bi": ("bilhão", "bilhões")},
        short={"Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora",
               "etc.": "etcétera", "nº": "número", "pág.": "página", "p. ex.": "por exemplo",
               "aprox.": "aproximadamente", "a.C.": "antes de Cristo", "d.C.": "depois de Cristo"},
    ),
}  # fmt: skip
