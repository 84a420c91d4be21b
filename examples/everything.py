"""All four kinds in one message: python everything.py shot.png question.wav clip.mp4"""

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

picture, sound, video = (
    base64.b64encode(Path(name).read_bytes()).decode() for name in sys.argv[1:4]
)
content = [
    {"type": "text", "text": "Here are a screenshot, a question and a video. Answer the question."},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
    {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}},
    {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{video}"}},
]
reply = client.chat.completions.create(
    model="qwen3.5-omni-plus", messages=[{"role": "user", "content": content}]
)
print(reply.choices[0].message.content)
