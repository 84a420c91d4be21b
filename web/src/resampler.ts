/**
 * Changes the rate of a stream: a sinc under a Hann window, looked up in steps of 1/256 sample.
 * The output comes about a millisecond late.
 */

const ZEROS = 16; // of the sinc, on each side
const STEPS = 256;

export class Resampler {
  private readonly step: number; // input samples for each output sample
  private readonly half: number; // taps on each side
  private readonly kernels: Float32Array[];
  private pending: Float32Array;
  private position: number; // of the next output sample, in `pending`

  /** Rates in Hz. */
  constructor(from: number, to: number) {
    this.step = from / to;
    const cutoff = Math.min(1, to / from);
    this.half = Math.ceil(ZEROS / cutoff);
    this.kernels = Array.from({ length: STEPS }, (_, n) => kernel(this.half, cutoff, n / STEPS));
    this.pending = new Float32Array(this.half);
    this.position = this.half;
  }

  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.pending.length + samples.length);
    input.set(this.pending);
    input.set(samples, this.pending.length);
    const last = input.length - this.half - 1;
    const output = new Float32Array(Math.max(0, Math.ceil((last - this.position) / this.step)));
    for (let n = 0; n < output.length; n++) {
      output[n] = this.at(input, this.position);
      this.position += this.step;
    }
    const used = Math.floor(this.position) - this.half;
    this.pending = input.slice(used);
    this.position -= used;
    return output;
  }

  private at(input: Float32Array, position: number): number {
    const whole = Math.floor(position);
    const taps = this.kernels[Math.floor((position - whole) * STEPS)]!;
    const first = whole - this.half + 1;
    let sum = 0;
    for (let n = 0; n < taps.length; n++) sum += taps[n]! * input[first + n]!;
    return sum;
  }
}

/** Taps for a point that lies `fraction` of a sample after tap `half - 1`; they add up to 1. */
function kernel(half: number, cutoff: number, fraction: number): Float32Array {
  const taps = Float32Array.from({ length: 2 * half }, (_, n) => {
    const x = n - (half - 1) - fraction;
    const window = Math.abs(x) < half ? 0.5 + 0.5 * Math.cos((Math.PI * x) / half) : 0;
    const phase = Math.PI * x * cutoff;
    return window * (phase === 0 ? 1 : Math.sin(phase) / phase);
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
