/**
 * When the microphone was loud, to the frame: the server's events say it only to the page's
 * network delay and its own patience. Times are those of `performance.now()`.
 */

const KEPT_MS = 30_000;
const BELOW_PEAK = 0.1; // -20 dB
const FLOOR = 0.003; // -50 dB

export class Loudness {
  private frames: { atMs: number; level: number }[] = [];

  get level(): number {
    return this.frames.at(-1)?.level ?? 0;
  }

  push(level: number, atMs: number): void {
    this.frames.push({ atMs, level });
    if (this.frames[0]!.atMs < atMs - KEPT_MS) this.frames.shift();
  }

  /** When it first was loud since then; `sinceMs` if it never was. */
  firstSince(sinceMs: number): number {
    return this.loudSince(sinceMs)[0]?.atMs ?? sinceMs;
  }

  /** When it last was loud since then; `sinceMs` if it never was. */
  lastSince(sinceMs: number): number {
    return this.loudSince(sinceMs).at(-1)?.atMs ?? sinceMs;
  }

  private loudSince(sinceMs: number): { atMs: number; level: number }[] {
    const frames = this.frames.filter((frame) => frame.atMs >= sinceMs);
    const peak = Math.max(0, ...frames.map((frame) => frame.level));
    return frames.filter((frame) => frame.level >= Math.max(FLOOR, peak * BELOW_PEAK));
  }
}
