"""What `benchmarks.media` runs in the environment of qwen-omni-utils: one video, prepared once.

Usage: peer_video.py VIDEO DURATION_S NUM_FRAMES WIDTH HEIGHT KEPT.npy. Prints JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

# The wheel of torchvision is built for GPUs: beside a torch without them its operators are missing.
# Declared, it imports; none of them is called here.
_operators = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _operators.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import librosa  # noqa: E402
import torchcodec.decoders  # noqa: E402, F401 - or the time below would include loading it
from qwen_omni_utils import process_mm_info  # noqa: E402

EVERY = 50  # frames kept for the comparison


def main() -> None:
    # 400 s take it over 20 GB: where those are not to be had, this process goes and no other.
    Path("/proc/self/oom_score_adj").write_text("1000")
    path, duration_s, num_frames, width, height, sampled = sys.argv[1:]
    video = {
        "type": "video",
        "video": path,
        "nframes": int(num_frames),
        # Frames are spread so that the last one is taken: half a second before the end, as ours is.
        "video_end": float(duration_s) - 0.5,
        "resized_width": int(width),
        "resized_height": int(height),
    }
    # It loads most of itself when first used.
    librosa.resample(np.zeros((2, 48_000), np.float32), orig_sr=48_000, target_sr=16_000)
    messages = [{"role": "user", "content": [video]}]
    print(json.dumps({"ready": True}), flush=True)
    started = time.perf_counter()
    sounds, _, videos = process_mm_info(messages, use_audio_in_video=True, image_patch_size=16)
    seconds = time.perf_counter() - started
    frames, sound = videos[0], sounds[0]
    kept = frames[::EVERY].round().clamp(0, 255).byte()
    np.save(sampled, kept.permute(0, 2, 3, 1).numpy())
    shape = [frames.shape[0], *frames.shape[2:], frames.shape[1]]
    print(json.dumps({"seconds": seconds, "shape": shape, "num_samples": len(sound)}), flush=True)


main()
