"""Speech in a voice like a sample: python voice_sample.py sample.wav hello.wav"""

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

sample = base64.b64encode(Path(sys.argv[1]).read_bytes()).decode()
reply = client.chat.completions.create(
    model="qwen3.5-omni-plus",
    modalities=["text", "audio"],
    audio={
        "voice": "custom",
        "format": "wav",
        "voice_sample": {"data": sample, "format": "wav"},
    },
    messages=[{"role": "user", "content": "Introduce yourself in one sentence."}],
)
message = reply.choices[0].message
Path(sys.argv[2]).write_bytes(base64.b64decode(message.audio.data))
print(message.content)
print(reply.model_extra.get("voice_report"))
