"""The chat template and what a processor reads: how a request becomes tokens, pixels and mels.

The template is our own. It puts in order and marks up as the released one does for what is used
here: system, user, assistant and tool messages, functions in Hermes' manner, content as a string
or as parts; `enable_thinking=False` shuts a thought before it begins. What it tells the model of
functions is said in other words, and thoughts of earlier replies are kept, not dropped.

Of the released preprocessor_config.json these values are carried: pictures in patches of 16 pixels,
2 x 2 of them a token, mean and deviation 0.5, 3,136 to 12,845,056 pixels; two video frames a patch;
sound at 16 kHz in 128 mel bands, windows of 400 samples every 160, at most 300 s. As there, no file
speaks of video alone: Transformers reads the same one for `Qwen2VLVideoProcessor`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_PREPROCESSOR = {
    "processor_class": "Qwen3OmniMoeProcessor",
    "image_processor_type": "Qwen2VLImageProcessor",
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "min_pixels": 3_136,
    "max_pixels": 12_845_056,
    "patch_size": 16,
    "merge_size": 2,
    "temporal_patch_size": 2,
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 128,
    "sampling_rate": 16_000,
    "hop_length": 160,
    "n_fft": 400,
    "chunk_length": 300,
    "n_samples": 4_800_000,
    "nb_max_frames": 30_000,
    "dither": 0.0,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": True,
}

# Leading and trailing dashes eat the line breaks of this source; those of prompts are written \n.
TEMPLATE = r"""
{%- macro said(content) -%}
  {%- if content is string -%}
    {{- content -}}
  {%- else -%}
    {%- for part in content or [] -%}
      {%- if part.type == 'image' or 'image' in part or 'image_url' in part -%}
        {{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
      {%- elif part.type == 'audio' or 'audio' in part or 'audio_url' in part -%}
        {{- '<|audio_start|><|audio_pad|><|audio_end|>' -}}
      {%- elif part.type == 'video' or 'video' in part -%}
        {{- '<|vision_start|><|video_pad|><|vision_end|>' -}}
      {%- elif 'text' in part -%}
        {{- part.text -}}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}

{%- macro called(calls) -%}
  {%- for call in calls -%}
    {%- set function = call.function or call -%}
    {%- set arguments = function.arguments -%}
    {{- '\n' if not loop.first -}}
    {{- '<tool_call>\n{"name": "' ~ function.name ~ '", "arguments": ' -}}
    {{- arguments if arguments is string else arguments | tojson -}}
    {{- '}\n</tool_call>' -}}
  {%- endfor -%}
{%- endmacro -%}

{%- set first = messages[0] if messages and messages[0].role == 'system' -%}
{%- set rest = messages[1:] if first else messages -%}
{%- if first or tools -%}
  {{- '<|im_start|>system\n' -}}
  {{- said(first.content) if first -}}
  {%- if tools -%}
    {{- '\n\n' if first -}}
    {{- '# Tools\n\nFunctions that may be called, one to a line:\n<tools>' -}}
    {%- for tool in tools -%}
      {{- '\n' ~ (tool | tojson) -}}
    {%- endfor -%}
    {{- '\n</tools>\n\nTo call one, write its name and its arguments as JSON:\n' -}}
    {{- '<tool_call>\n{"name": ..., "arguments": {...}}\n</tool_call>' -}}
  {%- endif -%}
  {{- '<|im_end|>\n' -}}
{%- endif -%}

{%- for message in rest -%}
  {%- if message.role == 'tool' -%}
    {%- if loop.first or loop.previtem.role != 'tool' -%}
      {{- '<|im_start|>user' -}}
    {%- endif -%}
    {{- '\n<tool_response>\n' ~ said(message.content) ~ '\n</tool_response>' -}}
    {%- if loop.last or loop.nextitem.role != 'tool' -%}
      {{- '<|im_end|>\n' -}}
    {%- endif -%}
  {%- else -%}
    {%- set text = said(message.content) -%}
    {{- '<|im_start|>' ~ message.role ~ '\n' ~ text -}}
    {%- if message.role == 'assistant' and message.tool_calls -%}
      {{- '\n' if text -}}
      {{- called(message.tool_calls) -}}
    {%- endif -%}
    {{- '<|im_end|>\n' -}}
  {%- endif -%}
{%- endfor -%}

{%- if add_generation_prompt -%}
  {{- '<|im_start|>assistant\n' -}}
  {%- if enable_thinking is defined and not enable_thinking -%}
    {{- '<think>\n\n</think>\n\n' -}}
  {%- endif -%}
{%- endif -%}
""".strip()


def write(directory: Path) -> None:
    """Write preprocessor_config.json and the template.

    Processors read the template in the released file, chat_template.json. A tokenizer by itself
    reads only chat_template.jinja.
    """
    _write_json(directory / "preprocessor_config.json", _PREPROCESSOR)
    _write_json(directory / "chat_template.json", {"chat_template": TEMPLATE})
    (directory / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
