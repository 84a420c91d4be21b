"""A picture and a question about it: python picture.py shot.png"""

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

picture = base64.b64encode(Path(sys.argv[1]).read_bytes()).decode()
reply = client.chat.completions.create(
    model="qwen3.5-omni-flash",
    messages=[
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
                {"type": "text", "text": "What is shown here?"},
            ],
        }
    ],
)
print(reply.choices[0].message.content)
