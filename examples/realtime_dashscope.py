"""Say a recording in a live conversation with DashScope's SDK, and save the spoken answer.

python examples/realtime_dashscope.py question.wav answer.wav
"""

import base64
import os
import sys
import threading
import time
import wave

from dashscope.audio.qwen_omni import (
    AudioFormatConfig,
    MultiModality,
    OmniRealtimeCallback,
    OmniRealtimeConversation,
)

BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1")
FRAME_S = 0.04


class Listener(OmniRealtimeCallback):
    """Prints what is said and keeps the sound of the answer, until the answer has ended."""

    def __init__(self):
        self.reply = bytearray()
        self.ended = threading.Event()

    def on_event(self, event):
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                print("you>", event["transcript"])
            case "response.audio.delta":
                self.reply += base64.b64decode(event["delta"])
            case "response.audio_transcript.done":
                print("thinktalk>", event["transcript"])
            case "response.done":
                self.ended.set()
            case "error":
                print("error:", event["error"]["message"], file=sys.stderr)
                self.ended.set()

    def on_close(self, code, reason):
        self.ended.set()


def speak(conversation, path, ended):
    """Send a 16-bit mono WAV as a microphone would, then silence until the answer has ended."""
    with wave.open(path) as file:
        size = 2 * round(FRAME_S * file.getframerate())
        sound = file.readframes(file.getnframes())
    start = 0
    while not ended.is_set():
        piece = sound[start : start + size].ljust(size, b"\0")
        conversation.append_audio(base64.b64encode(piece).decode())
        start += size
        time.sleep(FRAME_S)


def main(question, answer):
    with wave.open(question) as file:
        rate = file.getframerate()
    listener = Listener()
    conversation = OmniRealtimeConversation(
        "qwen3.5-omni-flash-realtime",
        listener,
        url=BASE_URL.replace("http", "ws", 1).removesuffix("/v1") + "/api-ws/v1/realtime",
        api_key=os.environ.get("API_KEY", "none"),
    )
    conversation.connect()
    conversation.update_session(
        [MultiModality.AUDIO, MultiModality.TEXT],
        voice="Chelsie",
        turn_detection_type="semantic_vad",
        input_audio_config=AudioFormatConfig(type="pcm", sample_rate=rate),
        instructions="Answer in one or two short sentences.",
    )
    speak(conversation, question, listener.ended)
    conversation.end_session()
    conversation.close()
    with wave.open(answer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(listener.reply))


main(*sys.argv[1:3])
