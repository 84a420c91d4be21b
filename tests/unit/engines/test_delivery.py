"""What asks for a manner of speaking does, and what is only about it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from thinktalk.conversation import Message, Role, TextPart
from thinktalk.engines.delivery import Manner, read, requested


def message(role: Role, text: str) -> Message:
    return Message(role, (TextPart(text),))


def asked(text: str, role: Role = "user") -> Manner:
    return read(requested([message(role, text)]))


SLOW, FAST, SOFT, LOUD = (read(word) for word in ("slowly", "fast", "softly", "loudly"))
WHISPER, DEEP, HIGH = read("whisper"), read("deep"), read("high voice")
CHEERFUL, EXCITED, CALM, SAD = (read(w) for w in ("cheerful", "excited", "calm", "sad"))
WARM = read("gentle")


def test_the_manners_differ() -> None:
    manners = {SLOW, FAST, SOFT, LOUD, WHISPER, DEEP, HIGH, CHEERFUL, EXCITED, CALM, SAD, WARM}
    assert len(manners - {Manner()}) == 12


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Please speak slowly.", SLOW),
        ("Speak more slowly, please. What is a comet?", SLOW),
        ("What is a comet? Please talk a bit slower.", SLOW),
        ("Can you talk faster?", FAST),
        ("Could you please speak very quietly?", SOFT),
        ("Answer in a cheerful voice.", CHEERFUL),
        ("Tell me a story about Rome in a cheerful voice", CHEERFUL),
        ("Tell me a sad story in a cheerful voice.", CHEERFUL),
        ("Read it aloud calmly.", CALM),
        ("Write a short poem and read it in a deep voice.", DEEP),
        ("Speak in a whisper.", WHISPER),
        ("Whisper to me: what time is it?", WHISPER),
        ("Please whisper.", WHISPER),
        ("Say hello in an excited tone!", EXCITED),
        ("Speak up, please.", LOUD),
        ("Speak loudly and slowly.", SLOW * LOUD),
        ("Use a high voice.", HIGH),
        ("You are talking too fast.", SLOW),
        ("Don't speak so loudly.", SOFT),
        ("Slower, please.", SLOW),
        ("Louder!", LOUD),
        ("Slow down, please.", SLOW),
        ("Keep your voice down.", SOFT),
        ("I want you to sound sad.", SAD),
        ("Explain it slowly.", SLOW),
        ("用欢快的语气回答", CHEERFUL),
        ("请说慢一点。", SLOW),
        ("请慢慢说。", SLOW),
        ("说话快一点", FAST),
        ("请用低沉的声音读这段话。", DEEP),
        ("请用悲伤的语调讲一个故事。", SAD),
        ("小声点。", SOFT),
        ("请大声说。", LOUD),
        ("Sprich bitte langsam.", SLOW),
        ("Bitte sprich etwas langsamer.", SLOW),
        ("Antworte mit fröhlicher Stimme.", CHEERFUL),
        ("Kannst du bitte lauter sprechen?", LOUD),
        ("Erzähl mir etwas über Rom mit ruhiger Stimme.", CALM),
        ("Du sprichst zu schnell.", SLOW),
        ("Sprich nicht so laut.", SOFT),
        ("Flüstere bitte.", WHISPER),
        ("Parle plus lentement, s'il te plaît.", SLOW),
        ("Réponds d'une voix joyeuse.", CHEERFUL),
        ("Peux-tu parler moins vite ?", SLOW),
        ("Raconte une histoire d'une voix calme.", CALM),
        ("Habla más despacio, por favor.", SLOW),
        ("Responde con voz alegre.", CHEERFUL),
        ("Cuéntame un cuento en voz baja.", SOFT),
        ("¿Puedes hablar más rápido?", FAST),
        ("Hablas demasiado rápido.", SLOW),
        ("ゆっくり話してください。", SLOW),
        ("明るい声で答えてください。", CHEERFUL),
        ("小声で話して。", SOFT),
        ("低い声で読んでください。", DEEP),
        ("もっと早口で話して。", FAST),
    ],
)  # fmt: skip
def test_what_asks_is_heard(text: str, manner: Manner) -> None:
    assert asked(text) == manner, requested([message("user", text)])


@pytest.mark.parametrize(
    "text",
    [
        "Explain slowly growing trees.",
        "Tell me about slow food.",
        "What does 'speak slowly' mean?",
        "What does speak slowly mean?",
        "Why do people talk loudly on trains?",
        "How can I talk faster?",
        'Translate "please speak slowly" into German.',
        "Translate into French: Hello. Please speak slowly.",
        "Write a story about a man who speaks in a whisper.",
        "Tell me about a singer who spoke in a deep voice.",
        "Tell me a story about a tortoise walking slowly.",
        "Answer quickly: what is two and two?",
        "My grandmother speaks slowly.",
        "People who talk loudly annoy me.",
        "Is a deep voice genetic?",
        "The deep sea is calm.",
        "Explain the calm before the storm.",
        "I am learning to speak slowly.",
        "Slow down the video by half.",
        "Say it in French.",
        "Give me a happy ending.",
        "`speak slowly` is a command of my app.",
        "什么是慢食运动？",
        "“请慢慢说”是什么意思？",
        "怎么才能说话慢一点？",
        "把请说慢一点翻译成英语",
        "我很快乐。",
        "Was bedeutet langsam sprechen?",
        "Erzähl mir von langsamen Tieren.",
        "Comment parler plus lentement ?",
        "Raconte l'histoire de la tortue lente.",
        "¿Cómo puedo hablar más despacio?",
        "Háblame de la comida lenta.",
        "ゆっくり話す方法は？",
        "明るい部屋について教えてください。",
    ],
)
def test_what_is_only_about_it_is_not(text: str) -> None:
    assert requested([message("user", text)]) is None


def test_a_user_may_overrule_the_system_and_it_lasts() -> None:
    talk = [
        message("system", "You are a guide. Always speak slowly and in a cheerful voice."),
        message("user", "Who built Rome?"),
    ]
    assert read(requested(talk)) == SLOW * CHEERFUL
    talk += [message("assistant", "Speak loudly."), message("user", "Please talk faster.")]
    assert read(requested(talk)) == FAST * CHEERFUL
    talk += [message("user", "And Paris?")]
    assert read(requested(talk)) == FAST * CHEERFUL
    talk += [message("user", "Now speak normally again.")]
    assert read(requested(talk)) == Manner()


def test_the_middle_of_a_long_message_is_matter() -> None:
    matter = "He wrote a letter. " * 10 + "Please speak slowly. " + "She read it. " * 10
    assert requested([message("user", matter)]) is None
    assert asked(matter + "Please speak loudly.") == LOUD


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Voice: warm and gentle. Pacing: slow.", WARM * SLOW),
        ("cheerful", CHEERFUL),
        ("not too fast", SLOW),
        ("Tono alegre", CHEERFUL),
        ("fröhlich und laut", CHEERFUL * LOUD),
        ("温柔", WARM),
        ("calm, then normal", Manner()),
        ("as a pirate would", Manner()),
        ("", Manner()),
    ],
)
def test_a_text_on_delivery_is_read_freely(text: str, manner: Manner) -> None:
    assert read(text) == manner


def test_a_manner_stays_within_what_a_voice_can_do() -> None:
    wild = read("deep, sad")
    assert wild.pitch >= 0.8
    assert read("slow sad").speed >= 0.6


@pytest.mark.parametrize(
    "text", ["“" * 200_000, "speak " * 40_000, "please, " * 30_000, "用" * 99_999], ids=range(4)
)
def test_hostile_text_is_read_at_once(text: str) -> None:
    started = time.perf_counter()
    assert requested([message("system", text)]) is None
    assert time.perf_counter() - started < 0.5


def took_s(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started


def test_many_cues_are_read_at_once() -> None:
    assert took_s(lambda: read("slow " * 2_000)) < 0.5


@pytest.mark.parametrize("text", ["Please speak slowly. " * 190, ("慢" * 390 + "。") * 10])
def test_many_messages_are_read_at_once(text: str) -> None:
    assert took_s(lambda: requested([message("system", text)] * 20)) < 0.7


def test_a_long_talk_does_not_crowd_out_the_system() -> None:
    talk = [message("system", "Always speak slowly.")]
    talk += [message("user", "Some words of plain text. " * 6) for _ in range(100)]
    assert read(requested(talk)) == SLOW
    talk += [message("user", "Please speak loudly.")]
    assert read(requested(talk)) == SLOW * LOUD
