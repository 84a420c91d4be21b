"""Languages are told apart clause by clause, and English stays English."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.language import detect

ENGLISH = """
Sure.|Of course!|No problem.|Hello, Maria.|Yes, it is.|Paris.|Tokyo, Japan.|42.|Done!|Thank you.
Sure, here it is.|You're welcome.|Great question!|Let's see.|Pandas is a library.|Open a terminal.
Use a list comprehension.|Call the API.|Install Python.|Good morning, José.|Dr. García agrees.
Hans Müller is here.|Angela Merkel was chancellor.|Madrid is in Spain.|The café is open.
Naïve Bayes is a classifier.|Beethoven composed it.|Add salt, pepper, and olive oil.
Bon appétit is French.|Error 404.|Docker Compose.|Machine learning|Neural networks|To be fair,
Add a variable.|Import numpy.|Mix flour.|Bake it.|Serve warm.|Enjoy!|Absolutely!|Certainly.
Mozart and Salieri|São Paulo is large.|Kubernetes|Restart Nginx.|Data science|Run main.
A man, a plan, a canal.|Try again later.|Not really.|Maybe.|In summary,|First, second, third.
Gradient descent|Water boils.|Photosynthesis|It depends.|I see.|I'm sorry.|Oh no!|Goodbye, Anna.
Take care!|Nice to meet you.|What is it?|Why not?|Who knows?|Rome is old.|Berlin, Germany.
Total: ten.|Step one.|Question two.|For example,|However,|Therefore,|In other words,|Well,
Animals|Mammals|Solar system|Mars|Jupiter|Saturn|Venus|Click Save.|Press Enter.|Type exit.
Linux|Ubuntu|Red, green, blue.|Sushi is rice.|Pizza Margherita|Tacos al pastor|La La Land|Piano
Le Monde is a newspaper.|Don Quixote de la Mancha|Leonardo da Vinci|Vincent van Gogh|Ludwig van
""".replace("\n", "|").strip("|").split("|")  # fmt: skip

OTHERS = {
    "de": "Das ist gut.|Ich weiß es nicht.|Guten Tag!|Die Hauptstadt von Frankreich ist Paris,"
    "|Natürlich, gerne.|Wie geht es dir?|und dann kommt der Bus",
    "fr": "Bonjour, comment ça va ?|Je ne sais pas.|C'est très bien.|La capitale de la France est"
    " Paris,|Bien sûr !|Il y a un chat.|avec les enfants",
    "es": "Hola, ¿qué tal?|No lo sé.|Muchas gracias.|La capital de España es Madrid,|¡Claro que sí!"
    "|El gato está en la casa.|con los niños",
    "it": "Ciao, come stai?|Non lo so.|Grazie mille.|La capitale d'Italia è Roma,|Va bene, grazie."
    "|Il gatto è nella casa.|con gli amici della scuola",
    "pt": "Olá, como vai você?|Eu não sei.|Muito obrigado.|A capital do Brasil é Brasília,"
    "|O gato está em casa.|com os meus amigos",
    "nl": "Hallo, hoe gaat het?|Ik weet het niet.|Dank je wel.|De hoofdstad van Nederland is"
    " Amsterdam,|De kat is in het huis.",
    "sv": "Hej, hur mår du?|Jag vet inte.|Tack så mycket.|Huvudstaden i Sverige är Stockholm,",
    "pl": "Cześć, jak się masz?|Nie wiem.|Dziękuję bardzo.|Stolicą Polski jest Warszawa,",
    "cs": "Ahoj, jak se máš?|Já nevím.|Děkuji moc.|Hlavní město je Praha,",
    "tr": "Merhaba, nasılsın?|Bilmiyorum.|Çok teşekkürler.|Bu bir kedi değil,",
    "fi": "Hei, mitä kuuluu?|En tiedä, mutta se on hyvä.|Kiitos paljon.|Suomen pääkaupunki on"
    " Helsinki,",
    "vi": "Xin chào, bạn khỏe không?|Tôi không biết.|Cảm ơn rất nhiều.|Thủ đô là Hà Nội,",
    "id": "Halo, apa kabar?|Saya tidak tahu.|Terima kasih banyak.|Ibu kota itu adalah Jakarta,",
    "tl": "Kumusta ka na?|Hindi ko alam.|Maraming salamat po.|Ang kabisera ay Maynila,",
    "no": "Hei, hvordan går det?|Jeg vet ikke hva det er nå.|Tusen takk.",
    "da": "Hej, hvordan går det?|Jeg ved det ikke, af hvad.|Mange tak, det var godt.",
    "is": "Halló, hvað segir þú?|Ég veit það ekki.|Takk fyrir.",
    "zh": "你好。|我不知道。|Python 是一种编程语言。|使用 pip install。",
    "ja": "こんにちは。|東京は日本の首都です。|Python はプログラミング言語です。",
    "ko": "안녕하세요.|서울은 한국의 수도입니다.",
    "ru": "Привет!|Столица России — Москва.",
    "th": "สวัสดีครับ",
    "ar": "مرحبا، كيف حالك؟",
    "fa": "سلام، چطوری؟",
    "ur": "آپ کیسے ہیں؟",
    "he": "שלום, מה שלומך?",
    "hi": "नमस्ते, आप कैसे हैं?",
    "ms": "Saya tidak tahu kerana awak.|Terima kasih, awak boleh.",
    # Beyond the 29 that the contract names.
    "uk": "Привіт, як справи?|Столиця України — Київ.|Дякую дуже.",
    "be": "Добры дзень, як справы ў вас?",
    "bg": "Здравей, как си?|Не знам какво е това.|Столицата на България е София.",
    "sr": "Здраво, како сте? Ја сам добро.",
    "mk": "Здраво, ќе дојдам.",
    "kk": "Сәлем, қалайсыз?",
    "el": "Καλημέρα, τι κάνεις;",
    "ro": "Bună ziua, ce mai faci?|Nu știu.|Mulțumesc foarte mult.",
    "hu": "Szia, hogy vagy?|Nem tudom.|Köszönöm szépen.",
    "hr": "Hvala lijepa, vrlo dobro.|Gdje je glavni grad?",
    "sk": "Ďakujem veľmi pekne.|Neviem, čo to je.",
    "ca": "Moltes gràcies, bon dia.|Què és això?",
    "sw": "Habari yako? Asante sana.",
    "ta": "வணக்கம்",
    "bn": "নমস্কার",
    "te": "నమస్కారం",
    "kn": "ನಮಸ್ಕಾರ",
    "ml": "നമസ്കാരം",
    "gu": "નમસ્તે",
    "pa": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ",
    "si": "ආයුබෝවන්",
    "my": "မင်္ဂလာပါ",
    "am": "ሰላም",
    "ka": "გამარჯობა",
    "hy": "Բարեւ",
}
CASES = [(code, clause) for code, clauses in OTHERS.items() for clause in clauses.split("|")]


def test_a_hundred_short_english_clauses_all_stay_english() -> None:
    assert len(ENGLISH) >= 100
    assert {clause: detect(clause) for clause in ENGLISH} == dict.fromkeys(ENGLISH, "en")


def test_first_clauses_are_told_without_any_hint() -> None:
    wrong = [(code, clause, detect(clause)) for code, clause in CASES if detect(clause) != code]
    # A very short clause may need the conversation's language; nine in ten do not.
    assert len(wrong) <= len(CASES) // 10, wrong


@pytest.mark.parametrize(("code", "clause"), CASES)
def test_a_conversation_keeps_its_language(code: str, clause: str) -> None:
    assert detect(clause, code) == code


def test_english_is_found_again_after_another_language() -> None:
    assert detect("And this is the English part of the answer.", "de") == "en"
    assert detect("Here is what you need to know about it:", "zh") == "en"


def test_a_quoted_word_does_not_change_the_language() -> None:
    assert detect('The French word for "dog" is "chien".', "en") == "en"
    assert detect("Das Wort „weekend“ ist Englisch.", "de") == "de"
    assert detect("In Chinese you say 你好.", "en") == "en"


def test_code_and_addresses_are_no_evidence() -> None:
    assert detect("`el la los de que` https://el.es/la/de", "en") == "en"


def test_kanji_alone_follow_a_japanese_conversation() -> None:
    assert detect("東京", "ja") == "ja"
    assert detect("东京", "zh") == "zh"


def test_only_allowed_languages_are_named() -> None:
    assert detect("Das ist nicht gut.", "en", {"en", "fr"}) == "en"


def test_text_without_words_keeps_the_language() -> None:
    for text in ("", "42", "!?", "\n", "🎉", "\ud800"):
        assert detect(text, "fr") == "fr"
