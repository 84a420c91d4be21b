/** Runs on the sound thread: the microphone as frames of 32 ms of PCM16 at 16 kHz. */

import { Resampler } from "./resampler";

const RATE = 16_000;
const FRAME = 512; // samples

export interface MicrophoneFrame {
  pcm: ArrayBuffer;
  level: number; // root mean square, 0 to 1
}

class MicrophoneProcessor extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, RATE);
  private readonly frame = new Float32Array(FRAME);
  private filled = 0;

  override process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (samples) for (const sample of this.resampler.push(samples)) this.take(sample);
    return true;
  }

  private take(sample: number): void {
    this.frame[this.filled++] = sample;
    if (this.filled < FRAME) return;
    this.filled = 0;
    const pcm = Int16Array.from(this.frame, (x) => Math.max(-1, Math.min(1, x)) * 32_767);
    const power = this.frame.reduce((sum, x) => sum + x * x, 0) / FRAME;
    const frame: MicrophoneFrame = { pcm: pcm.buffer, level: Math.sqrt(power) };
    this.port.postMessage(frame, [pcm.buffer]);
  }
}

registerProcessor("microphone", MicrophoneProcessor);
