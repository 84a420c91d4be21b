"""Checkpoints of random weights: what Transformers loads, and whether replies are worth a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs pip install 'thinktalk[qwen-omni]'")
pytest.importorskip("transformers", reason="needs pip install 'thinktalk[qwen-omni]'")
pytest.importorskip("dashscope", reason="the dev extra has it")

import transformers  # noqa: E402

from support import random_omni  # noqa: E402

_TEXT = "Grüße! 你好，世界。 こんにちは 안녕 Привет مرحبا नमस्ते 😀\n\n  def f(x): return 12345"
_PROMPT = "<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Layers this small wait for their threads longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def directory() -> Path:
    return random_omni.cached()


@pytest.fixture(scope="module")
def tokenizer(directory: Path) -> transformers.PreTrainedTokenizerBase:
    return transformers.AutoTokenizer.from_pretrained(directory)


@pytest.fixture(scope="module")
def model(directory: Path) -> transformers.PreTrainedModel:
    load = transformers.Qwen3OmniMoeForConditionalGeneration.from_pretrained
    return load(directory, dtype=torch.float32)


def test_added_tokens_have_the_released_ids(
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> None:
    released = {
        "<|endoftext|>": 151_643,
        "<|im_start|>": 151_644,
        "<|im_end|>": 151_645,
        "<|image_pad|>": 151_655,
        "<|video_pad|>": 151_656,
        "<tool_call>": 151_657,
        "</think>": 151_668,
        "<|audio_start|>": 151_669,
        "<tts_text_eod>": 151_673,
        "<|audio_pad|>": 151_675,
        "user": 872,
        "system": 8_948,
        "assistant": 77_091,
    }
    assert {text: tokenizer.convert_tokens_to_ids(text) for text in released} == released


def test_text_of_several_languages_survives_the_tokenizer(
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> None:
    ids = tokenizer(_TEXT).input_ids
    assert tokenizer.decode(ids) == _TEXT
    assert len(ids) < len(_TEXT)
    assert tokenizer("Hello, world!").input_ids == [9_707, 11, 1_879, 0]


def test_the_template_marks_up_tools_and_media(
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> None:
    call = {"function": {"name": "look", "arguments": {"at": "sky"}}}
    prompt = tokenizer.apply_chat_template(
        [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Rain?"}]},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "grey"},
            {"role": "tool", "content": "wet"},
        ],
        tools=[{"type": "function", "function": {"name": "look"}}],
        add_generation_prompt=True,
        tokenize=False,
    )
    system, talk = prompt.split("<|im_end|>\n", 1)
    assert '<tools>\n{"type": "function", "function": {"name": "look"}}\n</tools>' in system
    assert talk == (
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Rain?<|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "look", "arguments": {"at": "sky"}}\n'
        "</tool_call><|im_end|>\n"
        "<|im_start|>user\n<tool_response>\ngrey\n</tool_response>\n"
        "<tool_response>\nwet\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_text_and_speech_vary_and_end(
    model: transformers.PreTrainedModel, tokenizer: transformers.PreTrainedTokenizerBase
) -> None:
    prompt = tokenizer(_PROMPT, return_tensors="pt")
    ids, waveform = model.generate(**prompt, thinker_max_new_tokens=150, talker_do_sample=False)
    reply = ids[0, prompt.input_ids.shape[1] :].tolist()
    num_frames = round(waveform.shape[-1] / 1_920)
    assert reply[-1] == model.config.im_end_token_id
    assert 10 <= len(reply) < 150
    assert len(set(reply)) > len(reply) * 0.8
    assert max(reply[:-1]) < 151_643
    assert len(reply) <= num_frames < len(reply) + 100


def test_random_codes_are_loud_and_not_clipped(model: transformers.PreTrainedModel) -> None:
    codes = torch.randint(2_048, (1, 16, 50), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        waveform = model.code2wav(codes)
    assert waveform.std() > 0.05
    assert waveform.abs().max() < 1


@pytest.mark.parametrize("talker", [True, False])
def test_a_model_on_a_device_is_one_that_was_built_as_usual(talker: bool) -> None:
    made = random_omni.model(random_omni.TINY, "cpu", torch.bfloat16, talker=talker)
    config = transformers.Qwen3OmniMoeConfig.from_dict(random_omni.TINY.config(talker=talker))
    built = transformers.Qwen3OmniMoeForConditionalGeneration(config)
    assert made.has_talker == talker
    assert {name: weights.shape for name, weights in made.named_parameters()} == {
        name: weights.shape for name, weights in built.named_parameters()
    }
    assert all(weights.isfinite().all() for weights in made.parameters())
    buffers = dict(built.named_buffers())
    assert buffers.keys() == dict(made.named_buffers()).keys()
    for name, buffer in made.named_buffers():
        torch.testing.assert_close(buffer, buffers[name], rtol=0, atol=0)
    with torch.no_grad():
        logits = made.thinker(input_ids=torch.arange(9)[None]).logits
    assert logits.isfinite().all()


def test_without_ends_only_a_limit_ends_a_reply(
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> None:
    endless = random_omni.model(random_omni.TINY, ends=False)
    prompt = tokenizer(_PROMPT, return_tensors="pt")
    ids, waveform = endless.generate(
        **prompt, thinker_max_new_tokens=5, talker_max_new_tokens=61, talker_do_sample=False
    )
    assert ids.shape[1] == prompt.input_ids.shape[1] + 5
    assert waveform.shape[-1] == 60 * 1_920 - 555
