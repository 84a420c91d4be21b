"""Every voice heard: is its pitch its gender's, are all equally loud, is each its own?

python -m benchmarks.voices [--voices Tina,Ethan] [--languages en,zh] [--save FOLDER]

The sentences are of no other test. Loudness is FFmpeg's `ebur128`, not our own meter.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from thinktalk.engines.base import VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.fitter import KokoroFitter
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.media.encode import wav_file
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.voices import catalog
from thinktalk.voices.catalog import Voice
from thinktalk.voices.pitch import median_pitch_hz
from thinktalk.weights.catalog import Catalog

RESULTS = Path(__file__).with_name("results") / "voices.json"
SENTENCES = {
    "en": "We opened the window because the kitchen was full of smoke, and the neighbours laughed.",
    "es": "Abrimos la ventana porque la cocina estaba llena de humo y los vecinos se rieron.",
    "fr": "Nous avons ouvert la fenêtre parce que la cuisine était pleine de fumée.",
    "hi": "हमने खिड़की खोल दी क्योंकि रसोई धुएँ से भर गई थी और पड़ोसी हँस रहे थे।",
    "it": "Abbiamo aperto la finestra perché la cucina era piena di fumo e i vicini ridevano.",
    "ja": "台所が煙でいっぱいだったので、窓を開けたら隣の人が笑いました。",
    "pt": "Abrimos a janela porque a cozinha estava cheia de fumaça e os vizinhos riram.",
    "zh": "厨房里都是烟，所以我们打开了窗户，邻居们都笑了。",
    "de": "Wir haben das Fenster geöffnet, weil die Küche voller Rauch war.",
    "ru": "Мы открыли окно, потому что кухня была полна дыма, и соседи смеялись.",
    "vi": "Chúng tôi mở cửa sổ vì nhà bếp đầy khói và hàng xóm cười.",
    "da": "Vi åbnede vinduet, fordi køkkenet var fuldt af røg, og naboerne lo.",
    "ko": "부엌에 연기가 가득해서 창문을 열었고 이웃들이 웃었어요.",
}
# Between a high man's voice and a low woman's.
_BORDER_HZ = 165.0


def by_ffmpeg(audio: Audio) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=audio.sample_rate, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio.samples[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = audio.sample_rate, 0
    source.push(frame)
    source.push(None)
    loudness, peak = -np.inf, 0.0
    while True:
        try:
            found: Any = sink.pull()
        except av.EOFError:
            return loudness, float(20 * np.log10(max(peak, 1e-6)))
        if "lavfi.r128.I" in found.metadata:  # a last frame of under 100 ms has none
            loudness = float(found.metadata["lavfi.r128.I"])
            peak = max(peak, float(found.metadata["lavfi.r128.true_peak"]))


async def measure(
    chosen: Sequence[Voice], languages: Sequence[str], folder: Path | None
) -> list[dict[str, Any]]:
    """One row for each voice in each language; `speaker` is an embedding of unit norm."""
    weights = Catalog(load().weights)
    model, styles = weights.path("kokoro-82m") / "kokoro-v1.0.int8.onnx", "kokoro-voices"
    kokoro, espeak = Kokoro(model, weights.path(styles), threads=2), Espeak()
    encoder = SpeakerEncoder(weights.pull("resemblyzer") / "pretrained.pt", threads=2)
    arbiter = Arbiter(alternate=True)
    activity = weights.path("silero-vad") / "silero_vad_16k_sequence.onnx"
    # Nothing is fitted here: it only says what a fit is.
    ears = WhisperRecognizer(weights.path("whisper-base"), activity, threads=2)
    fitter = KokoroFitter(kokoro, espeak, encoder, ears, weights.path(styles), arbiter)
    speaker = Speaker(kokoro, espeak, fitter)
    await speaker.start()
    rows: list[dict[str, Any]] = []
    for language in languages:
        for voice in chosen:
            audio = await speaker.say(SENTENCES[language], language, VoiceRef(voice.name))
            loudness, peak = by_ffmpeg(audio)
            row = {
                "voice": voice.name,
                "gender": voice.gender,
                "language": language,
                "pitch_hz": round(median_pitch_hz(audio), 1),
                "lufs": loudness,
                "peak_dbtp": round(peak, 2),
                "duration_s": round(audio.duration_s, 2),
            }
            print(*row.values(), flush=True)
            rows.append({**row, "speaker": encoder.embed(audio)})
            if folder:
                name = f"{language}-{voice.name.replace(' ', '_')}.wav"
                (folder / name).write_bytes(wav_file(audio))
    await speaker.stop()
    return rows


def nearest(rows: Sequence[dict[str, Any]]) -> tuple[float, str]:
    """The two voices that are most alike in one language: cosine of their embeddings, and who."""
    best = (-1.0, "")
    for one, other in itertools.combinations(rows, 2):
        if one["language"] == other["language"]:
            alike = round(float(one["speaker"] @ other["speaker"]), 3)
            best = max(best, (alike, f"{one['voice']} and {other['voice']} in {one['language']}"))
    return best


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Spread of loudness, highest peak, and voices whose pitch is not their gender's."""
    lufs = [row["lufs"] for row in rows]
    wrong = [
        f"{row['voice']} in {row['language']}: {row['pitch_hz']} Hz"
        for row in rows
        if (row["pitch_hz"] > _BORDER_HZ) != (row["gender"] == "female")
    ]
    return {
        "clips": len(rows),
        "voices": len({row["voice"] for row in rows}),
        "lufs_min": min(lufs),
        "lufs_max": max(lufs),
        "spread_lu": round(max(lufs) - min(lufs), 2),
        "highest_peak_dbtp": max(row["peak_dbtp"] for row in rows),
        "pitch_of_the_other_gender": wrong,
        "most_alike": nearest(rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", help="names, with commas between (default: all)")
    parser.add_argument("--languages", default=",".join(SENTENCES))
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep the sound")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    names = args.voices.split(",") if args.voices else [voice.name for voice in catalog.voices()]
    chosen = [catalog.resolve(name) for name in names]
    rows = asyncio.run(measure(chosen, args.languages.split(","), args.save))
    told = summary(rows)
    print(json.dumps(told, ensure_ascii=False, indent=2))
    kept = [{key: row[key] for key in row if key != "speaker"} for row in rows]
    args.results.write_text(json.dumps({"summary": told, "rows": kept}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
