"""Say a recording to the server in a live conversation, and save the spoken answer.

python examples/realtime.py question.wav answer.wav
"""

import asyncio
import base64
import os
import sys
import wave

from openai import AsyncOpenAI

BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1")
FRAME_S = 0.04


async def speak(connection, path):
    """Send a 16-bit mono WAV as a microphone would, then silence until cancelled."""
    with wave.open(path) as file:
        size = 2 * round(FRAME_S * file.getframerate())
        sound = file.readframes(file.getnframes())
    for start in range(0, 2**40, size):
        piece = sound[start : start + size].ljust(size, b"\0")
        await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
        await asyncio.sleep(FRAME_S)


async def main(question, answer):
    with wave.open(question) as file:
        rate = file.getframerate()
    client = AsyncOpenAI(base_url=BASE_URL, api_key=os.environ.get("API_KEY", "none"))
    async with client.realtime.connect(model="gpt-realtime") as connection:
        sound = {
            "input": {
                "format": {"type": "audio/pcm", "rate": rate},
                "transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "semantic_vad"},
            },
            "output": {"voice": "Chelsie"},
        }
        await connection.session.update(session={"type": "realtime", "audio": sound})
        speaking = asyncio.create_task(speak(connection, question))
        reply = bytearray()
        async for event in connection:
            if event.type == "conversation.item.input_audio_transcription.completed":
                print("you>", event.transcript)
            elif event.type == "response.output_audio.delta":
                reply += base64.b64decode(event.delta)
            elif event.type == "response.output_audio_transcript.done":
                print("thinktalk>", event.transcript)
            elif event.type in ("response.done", "error"):
                break
        speaking.cancel()
    with wave.open(answer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(reply))


asyncio.run(main(*sys.argv[1:3]))
