"""Text in, text and speech out, both streamed: python speech.py reply.wav"""

import base64
import os
import sys
import wave

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

stream = client.chat.completions.create(
    model="qwen3.5-omni-flash",
    modalities=["text", "audio"],
    audio={"voice": "Ethan", "format": "pcm16"},
    messages=[{"role": "user", "content": "Why is the sky blue? Two sentences."}],
    stream=True,
)
with wave.open(sys.argv[1], "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(24_000)
    for chunk in stream:
        delta = chunk.choices[0].delta
        print(delta.content or "", end="", flush=True)
        if audio := getattr(delta, "audio", None):
            file.writeframes(base64.b64decode(audio.data))
print()
