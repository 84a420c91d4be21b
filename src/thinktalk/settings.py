"""The settings object. Environment (`THINKTALK_*`) and `thinktalk.toml` are read here only.

`load()` is called once, in the composition root; each part is handed its own slice. A nested field
is set from the environment with two underscores: `THINKTALK_SERVER__PORT=9000`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

# What is done with media that cost more than there is room for.
MediaPolicy = Literal["fit", "trim", "split", "error"]
Tier = Literal["plus", "flash", "light"]
MEBIBYTE = 1024 * 1024


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Section):
    """Where the server listens, and for whom."""

    host: str = Field(
        "127.0.0.1", description="Address to listen on; other than loopback needs a key"
    )
    port: int = Field(8000, ge=0, le=65535, description="Port; 0 picks a free one")
    api_keys: tuple[Annotated[SecretStr, Field(min_length=1)], ...] = Field(
        (), description="Accepted bearer keys; none means any key, from this machine only"
    )
    allow_origins: tuple[str, ...] = Field(
        (), description="Web origins that may call besides the server's own, when no key is set"
    )
    allow_hosts: tuple[str, ...] = Field(
        (), description="Host names accepted besides loopback ones, when no key is set"
    )
    strict: bool = Field(False, description="Copy the hosted service's refusals exactly")
    max_body_bytes: int = Field(160 * MEBIBYTE, description="Largest request body")
    keep_alive_s: float = Field(10.0, gt=0, description="A comment line is streamed this often")
    read_timeout_s: float = Field(
        30.0,
        gt=0,
        description="A client that sends nothing of its request for so long, or under 1 KB/s, is "
        "refused",
    )
    write_timeout_s: float = Field(
        60.0, gt=0, description="A client that takes nothing of its answer for so long is cut off"
    )
    grace_s: float = Field(20.0, ge=0, description="How long SIGTERM waits for running answers")
    audio_text: Literal["content", "transcript", "both"] = Field(
        "content", description="Where streamed chat puts the text of spoken replies"
    )


class LimitSettings(_Section):
    """How much may happen at once. Over a limit a request gets 429 with `retry-after`."""

    max_running: int = Field(4, ge=1, description="Answers worked on at once")
    max_waiting: int = Field(32, ge=0, description="Requests that may wait for a place")
    max_wait_s: float = Field(120.0, gt=0, description="Longest wait for a place")
    requests_per_minute: int | None = Field(None, ge=1, description="Per key; none is unlimited")
    tokens_per_minute: int | None = Field(None, ge=1, description="Per key; none is unlimited")
    request_timeout_s: float = Field(300.0, gt=0, description="Longest time without progress")
    context_tokens: int = Field(
        262_144,
        ge=1,
        description="Documented context: of media that cost more, media.policy"
        " says what becomes; a text that does is refused",
    )


class MediaSettings(_Section):
    """What is fetched and decoded, and what is done with media that are too long or too large."""

    policy: MediaPolicy = Field(
        "fit", description="fit, trim, split or error, where a request does not say (media_policy)"
    )
    allow_hosts: tuple[str, ...] = Field(
        (), description="Hosts (name or address, with optional :port) that may be private or local"
    )
    max_download_bytes: int = Field(2048 * MEBIBYTE, description="Largest file fetched by URL")
    max_upload_bytes: int = Field(2048 * MEBIBYTE, description="Largest file sent in a form")
    max_inline_bytes: int = Field(120 * MEBIBYTE, description="Largest decoded base64 item")
    fetch_timeout_s: float = Field(60.0, gt=0, description="Longest time for one download")
    max_request_bytes: int = Field(
        4096 * MEBIBYTE, description="All files of one request together, as they were sent"
    )
    max_audio_s: float = Field(
        36_000.0, gt=0, description="Sound of one request; of more, the policy says what becomes"
    )
    longest_s: float = Field(
        360_000.0, gt=0, description="Longest recording or video, under any policy"
    )
    max_image_pixels: int = Field(100_000_000, gt=0, description="Largest picture, width x height")
    max_decoded_bytes: int = Field(
        2560 * MEBIBYTE,
        gt=0,
        description="All media of one request, decoded: 3 bytes a pixel, 4 a sample of sound",
    )
    resume_bytes: int = Field(
        256 * MEBIBYTE,
        ge=0,
        description="What was recognised of long recordings, kept on disk for a week so that a "
        "request that was cut off goes on where it was; 0 keeps nothing",
    )
    worker_memory_bytes: int = Field(4096 * MEBIBYTE, description="Address space of the decoder")
    worker_timeout_s: float = Field(120.0, gt=0, description="Longest time to decode one item")


class FileSettings(_Section):
    """Files that clients upload once and refer to in messages."""

    directory: Path | None = Field(
        None, description="Where they lie; with none in `files` within the cache directory"
    )
    max_file_bytes: int = Field(2048 * MEBIBYTE, gt=0, description="Largest file")
    max_total_bytes: int = Field(
        4096 * MEBIBYTE, gt=0, description="All files together; an upload beyond it is refused"
    )
    max_files: int = Field(10_000, gt=0, description="How many files there may be")
    lifetime_s: float = Field(172_800.0, gt=0, description="How long a file is kept")


class VoiceSettings(_Section):
    """Voices that clients enrol, and the samples they bring."""

    directory: Path | None = Field(
        None, description="Where they lie; with none in `voices` within the cache directory"
    )
    max_voices: int = Field(1000, gt=0, description="How many voices a key may enrol")
    max_sample_bytes: int = Field(10 * MEBIBYTE, gt=0, description="Largest voice sample")
    max_total_bytes: int = Field(
        4096 * MEBIBYTE,
        gt=0,
        description="Samples and large fits of all keys together; a voice beyond it is refused",
    )
    enrolments_per_hour: int = Field(
        30, gt=0, description="Per key, those that fail included; over it 429 with `retry-after`"
    )
    fits_per_hour: int = Field(
        300, gt=0, description="Voices matched to samples within requests, per key; known ones pass"
    )
    unused_s: float = Field(
        31_536_000.0, gt=0, description="A voice that nobody used for so long is removed"
    )
    keep_samples_allowed: bool = Field(
        True, description="Whether a client may ask for its sample to be kept with the voice"
    )
    attested_consent: str = Field(
        "",
        max_length=4000,
        description="Your statement that speakers consent, recorded where a DashScope client sends "
        "none (`input.consent`); with neither, enrolling is refused",
    )


class RealtimeSettings(_Section):
    """Live conversations on the realtime socket."""

    max_sessions: int = Field(50, ge=1, description="Conversations at once; over it 429")
    idle_s: float = Field(
        300.0, gt=0, description="A client that sends nothing for so long is closed"
    )
    max_session_s: float = Field(7200.0, gt=0, description="Longest conversation")
    resume_s: float = Field(
        60.0,
        ge=0,
        description="A conversation whose connection was lost can be resumed for so long",
    )
    max_turn_s: float = Field(
        600.0, gt=0, description="Sound of one turn; where the client commits, more is refused"
    )


class WeightSettings(_Section):
    """Where model files live."""

    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("thinktalk")),
        description="Cache directory (also THINKTALK_CACHE)",
    )
    offline: bool = Field(False, description="Never fetch (also THINKTALK_OFFLINE=1)")
    hub_endpoint: str = Field("https://huggingface.co", description="Model hub, or a mirror of it")
    hub_timeout_s: float = Field(2.0, gt=0, description="How long the model hub may take to answer")


class CascadeSettings(_Section):
    """The CPU cascade: threads and the policy on few cores."""

    threads: int = Field(
        default_factory=lambda: max(1, len(os.sched_getaffinity(0))),
        ge=1,
        description="Processor threads each stage may use",
    )
    overlap: Literal["auto", "alternate", "overlap"] = Field(
        "auto",
        description="Thinker and talker take turns, or run together; auto: together from 6 cores",
    )
    parallel: int = Field(4, ge=1, le=16, description="Conversations the thinker decodes at once")
    window_tokens: int = Field(32_768, ge=2048, description="Context of one conversation")
    recognizer: str = Field("whisper-base", description="Weights that hear")
    synthesizer: str = Field("kokoro-82m", description="Weights that speak")
    talker: str = Field("kokoro", description="kokoro, pocket-tts, or an installed entry point")


class PocketTtsSettings(_Section):
    """The talker that clones natively, where `cascade.talker` is `pocket-tts`."""

    model: str = Field(
        "english",
        description="A model of the library by name, or the path of a YAML file that describes "
        "one; either starts with the language it speaks",
    )


class QwenOmniSettings(_Section):
    """Qwen3-Omni in this process, where a profile's engine is `qwen_omni`."""

    weights: str = Field(
        "Qwen/Qwen3-Omni-30B-A3B-Instruct",
        min_length=1,
        description="Directory of a checkpoint, or its name on the model hub",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto, cpu, cuda or one card such as cuda:1; auto: a card where there is one",
    )
    device_map: Literal["auto", "balanced"] | None = Field(
        None, description="auto or balanced spreads the weights over all cards"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto",
        description="What weights are kept and computed in; auto: as the checkpoint has them",
    )
    quantize: Literal["none", "int8", "int4"] = Field(
        "none", description="Keeps the experts' weights in 8 or 4 bits: none, int8 or int4"
    )
    parallel: int = Field(4, ge=1, le=16, description="Replies worked on at once")
    window_tokens: int = Field(
        16_384,
        ge=1024,
        description="Context of one conversation, at most what the checkpoint was made for",
    )
    talker_temperature: float = Field(
        0.9, ge=0, le=2, description="How freely speech is drawn; 0 takes the likeliest"
    )
    talker_top_k: int = Field(50, ge=0, description="Of so many likeliest sounds; 0 of all")
    talker_top_p: float = Field(
        1.0, gt=0, le=1, description="Of the likeliest sounds that together have this probability"
    )
    talker_repetition_penalty: float = Field(
        1.05, gt=0, description="Over 1 makes sounds that were made before less likely"
    )


class ScriptedSettings(_Section):
    """The scripted engine: a server without a model, for tests of clients."""

    text: str = Field("This is a scripted reply.", description="What it answers")
    delay_s: float = Field(0.0, ge=0, description="Pause before each word")


class ProfileSettings(_Section):
    """What serves one tier: an engine and, for the cascade, its language model."""

    engine: str = Field(
        "cascade", description="cascade, qwen_omni, scripted, or an installed entry point"
    )
    thinker: str = Field("qwen2.5-coder-1.5b", description="Weights of the language model")


def _profiles() -> dict[Tier, ProfileSettings]:
    return {
        "plus": ProfileSettings(),
        "flash": ProfileSettings(),
        "light": ProfileSettings(thinker="qwen2.5-coder-0.5b"),
    }


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="THINKTALK_",
        env_nested_delimiter="__",
        toml_file="thinktalk.toml",
        frozen=True,
        extra="ignore",
    )

    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    media: MediaSettings = MediaSettings()
    files: FileSettings = FileSettings()
    voices: VoiceSettings = VoiceSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    weights: WeightSettings = WeightSettings()
    cascade: CascadeSettings = CascadeSettings()
    pocket_tts: PocketTtsSettings = PocketTtsSettings()
    qwen_omni: QwenOmniSettings = QwenOmniSettings()
    scripted: ScriptedSettings = ScriptedSettings()
    profiles: dict[Tier, ProfileSettings] = Field(
        default_factory=_profiles, description="What serves each tier"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the server logs on standard error"
    )

    @field_validator("profiles")
    @classmethod
    def _keep_other_tiers(cls, given: dict[Tier, ProfileSettings]) -> dict[Tier, ProfileSettings]:
        """Setting one tier leaves the others as they are."""
        return {**_profiles(), **given}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load() -> Settings:
    """Read `thinktalk.toml` and the environment, with the short names of the weights section."""
    settings = Settings()
    short: dict[str, object] = {}
    if cache := os.environ.get("THINKTALK_CACHE"):
        short["cache"] = Path(cache).expanduser()
    if (offline := os.environ.get("THINKTALK_OFFLINE")) is not None:
        short["offline"] = offline.lower() in {"1", "true", "yes", "on"}
    if not short:
        return settings
    weights = settings.weights.model_copy(update=short)
    return settings.model_copy(update={"weights": weights})
