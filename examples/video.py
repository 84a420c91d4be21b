"""A video with its sound: python video.py clip.mp4"""

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

video = base64.b64encode(Path(sys.argv[1]).read_bytes()).decode()
content = [
    {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{video}"}},
    {"type": "text", "text": "What happens in this video?"},
]
reply = client.chat.completions.create(
    model="qwen3.5-omni-flash", messages=[{"role": "user", "content": content}]
)
print(reply.choices[0].message.content)
print(reply.usage.prompt_tokens_details)
