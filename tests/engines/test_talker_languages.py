"""One sentence in each of the 29 languages: detected, audible, long enough, heard as what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest
import pytest_asyncio

from support import stock_voices
from thinktalk.engines.base import RecognizeOptions, VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.clauses import ClauseCutter
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

NEEDED = ("kokoro-82m", "kokoro-voices", "whisper-base", "silero-vad")
catalog = Catalog(load().weights)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        "missing" in {catalog.presence(name) for name in NEEDED},
        reason=f"weights {', '.join(NEEDED)} are not all present",
    ),
]

SENTENCES = {
    "zh": "今天天气很好，我们一起去公园散步吧。",
    "en": "The weather is lovely today, so let us walk in the park.",
    "de": "Das Wetter ist heute sehr schön, wir gehen zusammen im Park spazieren.",
    "it": "Oggi il tempo è molto bello, andiamo insieme a passeggiare nel parco.",
    "pt": "Hoje o tempo está muito bom, vamos passear juntos no parque.",
    "es": "Hoy hace muy buen tiempo, vamos juntos a pasear por el parque.",
    "ja": "今日は天気がとてもいいので、一緒に公園を散歩しましょう。",
    "ko": "오늘은 날씨가 아주 좋으니까 함께 공원에서 산책합시다.",
    "fr": "Il fait très beau aujourd'hui, allons nous promener ensemble dans le parc.",
    "ru": "Сегодня очень хорошая погода, давайте погуляем вместе в парке.",
    "th": "วันนี้อากาศดีมาก เราไปเดินเล่นในสวนสาธารณะด้วยกันเถอะ",
    "id": "Cuaca hari ini sangat bagus, mari kita berjalan-jalan bersama di taman.",
    "ar": "الطقس جميل جدا اليوم، هيا نتمشى معا في الحديقة.",
    "vi": "Hôm nay thời tiết rất đẹp, chúng ta cùng đi dạo trong công viên nhé.",
    "tr": "Bugün hava çok güzel, haydi birlikte parkta yürüyüş yapalım.",
    "fi": "Tänään on todella kaunis sää, mennään yhdessä kävelylle puistoon.",
    "pl": "Dzisiaj jest bardzo ładna pogoda, chodźmy razem na spacer do parku.",
    "hi": "आज मौसम बहुत अच्छा है, चलो साथ में बगीचे में टहलने चलते हैं।",
    "nl": "Het weer is vandaag heel mooi, laten we samen in het park gaan wandelen.",
    "cs": "Dnes je velmi hezké počasí, pojďme se spolu projít do parku.",
    "ur": "آج موسم بہت اچھا ہے، چلو ساتھ میں باغ میں سیر کے لیے چلتے ہیں۔",
    "tl": "Napakaganda ng panahon ngayon, maglakad tayo sa parke kasama ang mga bata.",
    "sv": "Vädret är mycket fint i dag, låt oss gå en promenad i parken tillsammans.",
    "da": "Vejret er meget smukt i dag, lad os gå en tur i parken sammen.",
    "he": "מזג האוויר היום יפה מאוד, בואו נלך לטייל ביחד בפארק.",
    "is": "Veðrið er mjög gott í dag, við skulum fara saman í göngutúr í garðinum.",
    "ms": "Cuaca hari ini sangat baik, marilah kita berjalan di taman bersama awak.",
    "no": "Været er veldig fint i dag, la oss gå en tur i parken sammen.",
    "fa": "امروز هوا خیلی خوب است، بیایید با هم در پارک قدم بزنیم.",
}
# Of the others, whisper-base takes our speech for a neighbour (Czech for Slovak, Urdu for
# Hindi) or, where eSpeak NG speaks, for noise: the table in docs/voices.md has them all.
KNOWN_WELL = ("zh", "en", "it", "pt", "es", "ja", "fr", "hi", "de", "pl", "ru")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker() -> AsyncIterator[Speaker]:
    speaker = stock_voices.speaker(stock_voices.kokoro(), Arbiter(alternate=True))
    await speaker.start()
    yield speaker
    await speaker.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears() -> AsyncIterator[WhisperRecognizer]:
    vad = catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx"
    recognizer = WhisperRecognizer(catalog.path("whisper-base"), vad, threads=2)
    await recognizer.start()
    yield recognizer
    await recognizer.stop()


async def spoken(speaker: Speaker, text: str) -> tuple[str, Audio]:
    """The language that was found and the sound of `text`, as one piece."""
    cutter = ClauseCutter()
    cutter.feed(text)
    clause = cutter.cut(final=True)
    assert clause is not None
    assert clause.text == text
    audio = await speaker.say(clause.spoken, clause.language, VoiceRef("Chelsie"))
    return clause.language, audio


def loud_s(audio: Audio) -> float:
    """Seconds of 20 ms blocks above -40 dBFS."""
    block = audio.sample_rate // 50
    count = len(audio.samples) // block
    blocks = audio.samples[: count * block].reshape(count, block)
    return float(np.sum(np.sqrt(np.mean(blocks**2, axis=1)) > 0.01)) / 50


@pytest.mark.parametrize("language", SENTENCES)
async def test_a_sentence_is_said_in_its_language(
    speaker: Speaker, ears: WhisperRecognizer, language: str
) -> None:
    text = SENTENCES[language]
    found, audio = await spoken(speaker, text)
    assert found == language
    # People say 10 to 20 letters a second, and four to eight characters of Chinese or Korean.
    fastest = 9.0 if language in ("zh", "ja", "ko") else 24.0
    assert audio.duration_s > len(text) / fastest
    assert loud_s(audio) > 0.5 * audio.duration_s
    if language in KNOWN_WELL:
        assert await heard_as(ears, audio) == language


async def heard_as(ears: WhisperRecognizer, audio: Audio) -> str | None:
    async with aclosing(ears.recognize(resample(audio, 16_000), RecognizeOptions())) as segments:
        async for segment in segments:
            return segment.language
    return None


async def test_a_word_of_another_script_is_heard_within_an_english_sentence(
    speaker: Speaker,
) -> None:
    _, without = await spoken(speaker, "In Thai you say it.")
    _, together = await spoken(speaker, "In Thai you say สวัสดีครับ.")
    assert together.duration_s > without.duration_s + 0.5
    steps = np.abs(np.diff(together.samples))
    assert steps.max() < 0.7
    half = len(together.samples) // 2
    first, last = (np.std(part) for part in (together.samples[:half], together.samples[half:]))
    assert 0.25 < first / last < 4
