"""Every voice of the catalogue heard: is its pitch its gender's, are all equally loud?

python -m benchmarks.voices [--voices Tina,Ethan] [--languages en,zh] [--save FOLDER]

The sentences are of no other test. Loudness is FFmpeg's `ebur128`, not our own meter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.media.encode import wav_file
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.voices import catalog
from thinktalk.voices.catalog import Voice
from thinktalk.voices.sample import median_pitch_hz
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
    "tr": "Mutfak dumanla dolu olduğu için pencereyi açtık ve komşular güldü.",
    "ko": "부엌에 연기가 가득해서 창문을 열었고 이웃들이 웃었어요.",
    "fi": "Avasimme ikkunan, koska keittiö oli täynnä savua, ja naapurit nauroivat.",
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
    """One row for each voice in each language."""
    weights = Catalog(load().weights)
    model = weights.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
    speaker = Speaker(Kokoro(model, weights.path("kokoro-voices"), threads=2), Espeak())
    await speaker.start()
    rows: list[dict[str, Any]] = []
    for language in languages:
        for voice in chosen:
            started = time.perf_counter()
            audio = await speaker.say(SENTENCES[language], language, voice)
            loudness, peak = by_ffmpeg(audio)
            rows.append(
                {
                    "voice": voice.name,
                    "gender": voice.gender,
                    "language": language,
                    "pitch_hz": round(median_pitch_hz(audio), 1),
                    "lufs": loudness,
                    "peak_dbtp": round(peak, 2),
                    "duration_s": round(audio.duration_s, 2),
                }
            )
            print(*rows[-1].values(), f"{time.perf_counter() - started:.1f} s", flush=True)
            if folder:
                name = f"{language}-{voice.name.replace(' ', '_')}.wav"
                (folder / name).write_bytes(wav_file(audio))
    await speaker.stop()
    return rows


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
    args.results.write_text(json.dumps({"summary": told, "rows": rows}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
