"""Which language a clause is in: scripts first, then function words and letters.

Clauses are short, so the language of the conversation holds until there is evidence against it.
A statistical detector was measured on the clauses of the test: lingua's low-accuracy mode left 35
of 100 short English clauses in English, its full models (600 MB) 55; these tables all 100, in less
than 0.1 ms each. Knows nothing of voices.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HANGUL": "ko", "THAI": "th",
    "CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "GREEK": "el",
    "BENGALI": "bn", "TAMIL": "ta", "TELUGU": "te", "GUJARATI": "gu", "GEORGIAN": "ka",
    "ARMENIAN": "hy", "GURMUKHI": "pa", "KANNADA": "kn", "MALAYALAM": "ml", "ORIYA": "or",
    "SINHALA": "si", "MYANMAR": "my", "ETHIOPIC": "am", "CHEROKEE": "chr-US-Qaaa-x-west",
}  # fmt: skip
_PERSIAN, _URDU = frozenset("پچژگکی"), frozenset("ٹڈڑںےھہ")
# Letters that Russian lacks; the first language that has one is taken.
_CYRILLIC = {
    "uk": frozenset("їєґ"), "be": frozenset("ў"), "mk": frozenset("ѓќѕ"), "sr": frozenset("ђћјљњџ"),
    "kk": frozenset("әғқұһ"), "tt": frozenset("җ"),
}  # fmt: skip
_RUSSIAN = frozenset("ыэё")
# Words that Russian does not have.
_CYRILLIC_WORDS = {
    "bg": frozenset("са се това този тази какво къде кога защо моля благодаря здравей здравейте аз"
                    " той тя ние вие добре има ще съм си сме столицата".split()),
    "uk": frozenset("дякую що де це вона вони але будь ласка дуже мене".split()),
}  # fmt: skip

_FUNCTION_WORDS = {
    "en": "the a an of to in is are was were be been and or but it its this that these those"
    " with for on at by from as you your we they he she his her not can will would have"
    " has had do does i my here there what which who how when why if so no yes just about"
    " into more than then also let please sorry thanks sure hello hi use run all any some"
    " one two first only very good great me us our their them other new now up out over"
    " own made make get help need want like should may",
    "de": "der die das und ist nicht ein eine einen einem einer ich du er sie es wir ihr mit"
    " für auf von zu dem den des im am als auch an bei aus nach wie was wo wer aber oder"
    " wenn kann hat habe sind war wird haben sein sehr gut hier ja nein danke bitte guten"
    " tag noch nur schon mehr man mir mich dir dich uns vom zum zur über unter durch heute"
    " morgen dann doch so alle kein keine natürlich gerne klar gern leider vielen dank"
    " abend gute weiß deutsch welche diese dieser dieses dort immer wenig viel",
    "fr": "le la les un une des du de et est pas ne je tu il elle nous vous ils elles que qui"
    " dans sur avec pour par mais ou où ce cette ces c'est au aux son sa ses mon ma mes"
    " ton ta tes notre votre leur plus très bien oui non merci bonjour salut être avoir"
    " fait comme tout tous sont était a quoi comment pourquoi quand ici aussi j'ai d'un"
    " d'une qu'il n'est s'il y voici voilà sûr bonsoir pourriez vous-même beaucoup peux"
    " peut d'accord désolé alors donc parce cela ceci j'aime l'on qu'elle même",
    "es": "el la los las un una unos unas de del y es no que en con por para se lo su sus al"
    " como más pero muy sí este esta estos estas ese eso yo tú él ella nosotros está están"
    " son fue ser hay qué cómo cuándo dónde quién hola gracias bien también mi tu te me"
    " nos les le si o todo todos aquí ahora hoy puede puedo tiene tengo hacer bueno buenos"
    " buenas días sé muchas mucho claro supuesto vale siento entonces porque desde hasta"
    " sobre entre cada hablar saber quiero quieres eres soy hace",
    "it": "il lo la i gli le un una uno di del della dei delle e è non che in con per si da dal"
    " al alla come più ma molto sì questo questa questi quello io tu lui lei noi voi loro"
    " sono era essere c'è ci mi ti ho hai ha abbiamo cosa dove quando perché ciao grazie"
    " bene anche nel nella sul sulla tutto tutti qui ora oggi può puoi fare buongiorno se"
    " o so certo certamente volentieri mille allora quindi dopo prima sempre posso vuoi"
    " voglio buonasera degli dagli ecco dispiace",
    "pt": "o a os as um uma uns umas de do da dos das e é não que em no na nos nas com por para"
    " se ao à como mais mas muito sim este esta isso isto eu tu ele ela nós você vocês"
    " está estão são foi ser há tem ter qual onde quando quem olá obrigado obrigada bem"
    " também meu minha seu sua todo todos aqui agora hoje pode posso fazer bom dia pelo"
    " pela até ou então já sei claro certo tudo porque desde sobre entre cada quero fala"
    " falar sou boa tarde noite desculpe",
    "nl": "de het een en is niet ik je jij hij zij ze wij we jullie met voor op van te dat die"
    " dit in aan bij uit naar hoe wat waar wie maar of als kan heeft heb zijn was wordt"
    " hebben zeer goed hier ja nee dank bedankt alstublieft goedendag nog al meer men mij"
    " mijn jouw ons onze over onder door vandaag dan ook geen hallo wel er deze graag"
    " natuurlijk goedemorgen goedenavond veel omdat dus alleen altijd weet hoor klopt",
    "sv": "och är inte det en ett jag du han hon vi ni de som på med för av till att i om men"
    " eller den kan har hade var vara mycket bra här ja nej tack hej god från hur vad när"
    " vem också sig min mitt din ditt sin vår så nu idag mer alla ingen inga blir måste"
    " ska skulle detta denna självklart gärna många därför alltid vet finns visst hjälpa",
    "da": "og er ikke det en et jeg du han hun vi i de som på med for af til at om men eller"
    " den kan har havde var være meget godt her ja nej tak hej god fra hvordan hvad hvor"
    " hvem også sig min mit din dit sin vores så nu dag mere alle ingen bliver skal ville"
    " dette denne hvornår selvfølgelig gerne mange tusind altid ved findes hvorfor blev",
    "no": "og er ikke det en et jeg du han hun vi dere de som på med for av til å om men eller"
    " den kan har hadde var være veldig bra her ja nei takk hei god fra hvordan hva hvor"
    " hvem også seg min mitt din ditt sin vår så nå dag mer alle ingen blir skal ville"
    " dette denne når ei selvfølgelig gjerne mange tusen alltid vet finnes hvorfor",
    "fi": "ja on ei se että minä sinä hän me te he mutta tai jos kun niin kuin myös hyvä hyvää"
    " kyllä kiitos hei mitä missä milloin kuka miten oli ovat olen olet olemme voi voin"
    " voit tämä nämä tuo joka jotka nyt tänään paljon vain sen minun sinun hänen ole ollut"
    " kanssa vielä päivää tietysti tiedä kuuluu koska aina joten olla kiitoksia",
    "is": "og er ekki það þetta ég þú hann hún við þið þeir sem á með fyrir af til að um en eða"
    " í hvað hvar hver hvernig já nei takk halló mjög vel hér frá var vera hefur geta"
    " þessi mín þín góðan daginn svo núna eru úr auðvitað veit segir alltaf mikið",
    "pl": "i jest nie to się na w z do że jak co ja ty on ona my wy oni ale lub czy dla od po"
    " przez tak dziękuję proszę cześć dzień dobry są był była być ma mam może bardzo"
    " dobrze tu tutaj gdzie kiedy kto dlaczego jego jej mój moja twój ten ta te tego już"
    " tylko także o za przy oczywiście wiem który która które jestem jesteś jeśli zawsze"
    " więc",
    "cs": "a je není to se na v ve z ze do že jak co já ty on ona my vy oni ale nebo pro od po"
    " ano ne děkuji prosím ahoj dobrý den jsou byl byla být má mám může velmi dobře tady"
    " kde kdy kdo proč jeho její můj moje tvůj ten ta tento už jen také o za při jsem jste"
    " si s k i samozřejmě moc vím který která které protože když vždy takže hlavní",
    "tr": "ve bir bu şu o da de için ile değil mi mı ne var yok ben sen biz siz onlar ama veya"
    " çok iyi evet hayır teşekkürler teşekkür ederim merhaba nasıl nerede kim neden olarak"
    " olan gibi daha en kadar sonra önce şimdi bugün her şey benim senin lütfen günaydın"
    " ise ki elbette tabii bilmiyorum nasılsın çünkü zaman olur oldu musun misin",
    "vi": "là và của có không được trong cho với một các những này đó tôi bạn anh chị em chúng"
    " ta họ nhưng hoặc nếu khi như đã đang sẽ rất tốt xin chào cảm ơn vâng gì đâu nào ai"
    " sao thế ở từ đến ra vào cũng nhiều hơn người việc",
    "id": "yang dan di ke dari ini itu dengan untuk tidak adalah saya anda kamu dia kami kita"
    " mereka akan bisa dapat ada pada atau juga sudah belum sangat baik ya terima kasih"
    " selamat pagi apa siapa mana kapan bagaimana mengapa karena jika lebih banyak oleh"
    " dalam seperti bukan telah apakah halo",
    "ms": "yang dan di ke dari ini itu dengan untuk tidak ialah adalah saya awak anda dia kami"
    " kita mereka akan boleh dapat ada pada atau juga sudah belum sangat baik ya terima"
    " kasih selamat pagi apa siapa mana bila bagaimana kenapa kerana jika lebih banyak"
    " oleh dalam seperti bukan telah adakah hendak sahaja",
    "ro": "și este nu un o în cu la de pe pentru că care mai dar sau eu tu el ea noi voi sunt ești"
    " fost are am bună ziua mulțumesc foarte ce cum unde când cine de ce acest această din să te"
    " îmi îți bine da aici acum astăzi capitala",
    "hu": "a az és nem egy hogy van volt ez azt vagy én te ő mi ti ők jó nagyon köszönöm szia"
    " kérem hol mikor ki miért hogyan itt most már csak meg igen napot vagyok vannak lesz mert ha"
    " magyar fővárosa szépen tudom nincs",
    "hr": "i je nije to se na u da što kako ja ti on ona mi vi oni ali ili za od do po hvala molim"
    " dobar dan bok sam si smo ste su bio bila biti ima vrlo dobro ovdje gdje kada tko zašto",
    "sk": "a je nie to sa na v vo s so že ako čo ja ty on ona my vy oni ale alebo pre od po áno"
    " ďakujem prosím ahoj dobrý deň sú bol bola byť má môže veľmi dobre tu kde kedy kto prečo som"
    " si máš hlavné",
    "ca": "el la els les un una i és no que en amb per a del dels al però molt sí aquest això"
    " jo tu ell ella nosaltres són era ser hi què com on quan qui hola gràcies bé també si us plau"
    " avui ara bon dia capital",
    "sw": "ya wa na ni kwa za la katika hii hiyo mimi wewe yeye sisi nyinyi wao sana asante habari"
    " jambo karibu ndiyo hapana nini wapi lini nani kwa nini leo sasa mji mkuu",
    "tl": "ang ng mga sa na ay at si ni ito iyan iyon ako ikaw siya kami tayo kayo sila hindi"
    " oo po para kung pero dahil may mayroon wala ano sino saan kailan bakit paano salamat"
    " kumusta magandang umaga gabi lang din rin pa ba ko mo niya namin natin nila isang"
    " nang",
}  # fmt: skip
_LETTERS = {
    "ñ": "es", "¿": "es", "¡": "es", "ß": "de", "ã": "pt", "õ": "pt", "œ": "fr", "ê": "fr pt vi",
    "ç": "fr pt tr", "ä": "de sv fi", "ö": "de sv fi tr is hu", "ü": "de tr hu", "å": "sv da no",
    "ø": "da no", "æ": "da no is", "þ": "is", "ð": "is", "ł": "pl", "ż": "pl", "ś": "pl",
    "ź": "pl", "ć": "pl", "ą": "pl", "ę": "pl", "ń": "pl", "ř": "cs", "ě": "cs", "ů": "cs",
    "č": "cs", "š": "cs", "ž": "cs", "ğ": "tr", "ı": "tr", "ş": "tr", "ơ": "vi", "ư": "vi",
    "đ": "vi", "ạ": "vi", "ả": "vi", "ế": "vi", "ệ": "vi", "ố": "vi", "ộ": "vi", "ờ": "vi",
    "ợ": "vi", "ữ": "vi", "ứ": "vi", "ị": "vi", "ọ": "vi", "ấ": "vi", "ầ": "vi", "ậ": "vi",
    "ș": "ro", "ț": "ro", "ă": "ro vi", "ő": "hu", "ű": "hu", "ľ": "sk", "ĺ": "sk", "ŕ": "sk",
    "ù": "fr it", "ò": "it", "ì": "it", "è": "fr it", "â": "fr pt", "î": "fr", "ô": "fr pt",
}  # fmt: skip
_WORD_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _FUNCTION_WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _WORD_LANGUAGES.setdefault(_word, []).append(_language)

_NOT_PROSE = re.compile(r"`[^`]*`?|https?://\S+|\S+@\S+|\]\([^)]*\)|\S*[/\\_=<>{}]\S*|[A-Z]{2,}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_STICKINESS = 1.1  # points a language must have over the one spoken so far
_LETTER_POINTS = 0.8


def detect(text: str, hint: str | None = None, allowed: Collection[str] | None = None) -> str:
    """Return the ISO 639-1 code of the language of `text`.

    Args:
        text: a clause as written.
        hint: language of the conversation; kept where `text` gives no clear evidence. None is
            English.
        allowed: languages to choose from, besides the hint.
    """
    hint = hint or "en"
    prose = _NOT_PROSE.sub(" ", text)
    found = _by_script(prose, hint) or _by_words(prose, hint)
    return found if allowed is None or found in allowed else hint


def has_function_words(text: str, language: str) -> bool:
    """Whether some word of `text` is a frequent one of `language`."""
    return any(language in _WORD_LANGUAGES.get(word.lower(), ()) for word in _WORD.findall(text))


@lru_cache(maxsize=4096)
def script(character: str) -> str:
    """Return the first word of the character's Unicode name: "LATIN", "CJK", "THAI"."""
    return unicodedata.name(character, "").split(" ")[0].split("-")[0]


def _by_script(text: str, hint: str) -> str | None:
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            name = "LATIN" if character.isascii() else script(character)
            counts[name] = counts.get(name, 0) + 1
    total = sum(counts.values())
    # An ideograph or a syllable says more than a letter.
    dense = sum(counts.get(name, 0) for name in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))
    if dense * 3 > total - dense:
        counts = {name: n for name, n in counts.items() if name != "LATIN"}
    best = max(counts, key=lambda name: counts[name], default="LATIN")
    if counts.get("HIRAGANA") or counts.get("KATAKANA"):
        best = "HIRAGANA" if best == "CJK" else best
    if best == "CJK" and hint == "ja":
        return "ja"  # kanji alone, in a Japanese conversation
    if best == "ARABIC":
        return _by_letters(text, hint, {"ur": _URDU, "fa": _PERSIAN}, "ar")
    if best == "CYRILLIC":
        return _cyrillic(text.lower(), hint)
    return SCRIPTS.get(best)


def _cyrillic(text: str, hint: str) -> str:
    letters = set(text)
    for language, own in _CYRILLIC.items():
        if letters & own:
            return language
    if letters & _RUSSIAN:
        return hint if hint in ("be", "kk", "tt") else "ru"
    if "і" in letters:
        return hint if hint in ("be", "kk") else "uk"
    words = set(_WORD.findall(text))
    for language, own_words in _CYRILLIC_WORDS.items():
        if words & own_words:
            return language
    return hint if hint in _CYRILLIC or hint == "bg" else "ru"


def _by_letters(text: str, hint: str, marks: dict[str, frozenset[str]], default: str) -> str:
    for language, letters in marks.items():
        if letters & set(text):
            return language
    return hint if hint in marks else default


def _by_words(text: str, hint: str) -> str:
    words = dict.fromkeys(word.lower().replace("’", "'") for word in _WORD.findall(text))
    points: dict[str, float] = {}
    for word in words:
        languages = _WORD_LANGUAGES.get(word, [])
        weight = 0.4 if len(word) == 1 and word.isascii() else 1.0  # a letter may be a variable
        for language in languages:
            points[language] = points.get(language, 0.0) + weight / len(languages) ** 0.5
    for letter in set(text.lower()) & _LETTERS.keys():
        languages = _LETTERS[letter].split()
        for language in languages:
            points[language] = points.get(language, 0.0) + _LETTER_POINTS / len(languages) ** 0.5
    if not points:
        return hint
    best = max(points, key=lambda language: (points[language], language == hint))
    return best if points[best] >= points.get(hint, 0.0) + _STICKINESS else hint
