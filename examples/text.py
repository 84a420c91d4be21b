"""Text in, text out, printed as it is written."""

import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

stream = client.chat.completions.create(
    model="qwen3.5-omni-flash",
    messages=[{"role": "user", "content": "What does a load balancer do? Two sentences."}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
