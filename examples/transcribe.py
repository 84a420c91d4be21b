"""The words of a recording, with times: python transcribe.py talk.mp3"""

import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

with Path(sys.argv[1]).open("rb") as file:
    transcript = client.audio.transcriptions.create(
        model="whisper-1",
        file=file,
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
print(transcript.language, f"{transcript.duration:.1f} s")
for segment in transcript.segments:
    print(f"{segment.start:6.2f} {segment.end:6.2f} {segment.text.strip()}")
