/** Runs on the sound thread: plays a queue of samples, and can fall silent at once. */

export type PlayerOrder = { kind: "play"; item: string; samples: Float32Array } | { kind: "flush" };

/** `playedMs` is of that item. */
export type PlayerReport =
  | { kind: "audible" | "playing"; item: string; playedMs: number }
  | { kind: "silent"; item: string; playedMs: number; wasFlushed: boolean };

const REPORT_EVERY = 8; // blocks of 128 samples: 21 ms at 48 kHz
const AUDIBLE = 0.001; // -60 dB

class PlayerProcessor extends AudioWorkletProcessor {
  private queue: { item: string; samples: Float32Array }[] = [];
  private at = 0; // in the first piece of the queue
  private item = "";
  private played = 0; // samples of `item`
  private isPlaying = false;
  private isAudible = false;
  private isFlushing = false;
  private blocks = 0;

  constructor() {
    super();
    this.port.onmessage = (message: MessageEvent<PlayerOrder>) => {
      const order = message.data;
      if (order.kind === "play") this.queue.push(order);
      else if (this.isPlaying) this.isFlushing = true;
      else this.queue = [];
    };
  }

  override process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    const filled = this.fill(output);
    if (this.isFlushing) this.fade(output);
    if (filled > 0) this.listen(output);
    const isDry = filled < output.length;
    if (this.isPlaying && (this.isFlushing || isDry)) this.fallSilent();
    return true;
  }

  private fill(output: Float32Array): number {
    let filled = 0;
    while (filled < output.length) {
      const piece = this.queue[0];
      if (!piece) break;
      if (piece.item !== this.item) this.begin(piece.item);
      const length = Math.min(output.length - filled, piece.samples.length - this.at);
      output.set(piece.samples.subarray(this.at, this.at + length), filled);
      filled += length;
      this.at += length;
      this.played += length;
      if (this.at === piece.samples.length) {
        this.queue.shift();
        this.at = 0;
      }
    }
    return filled;
  }

  private begin(item: string): void {
    this.item = item;
    this.played = 0;
    this.isAudible = false;
  }

  /** Silence within one block, without a click. */
  private fade(output: Float32Array): void {
    output.forEach((sample, n) => (output[n] = sample * (1 - (n + 1) / output.length)));
    this.queue = [];
    this.at = 0;
  }

  private listen(output: Float32Array): void {
    this.isPlaying = true;
    if (!this.isAudible && output.some((sample) => Math.abs(sample) > AUDIBLE)) {
      this.isAudible = true;
      this.report({ kind: "audible", item: this.item, playedMs: this.playedMs });
    } else if (this.blocks++ % REPORT_EVERY === 0) {
      this.report({ kind: "playing", item: this.item, playedMs: this.playedMs });
    }
  }

  private fallSilent(): void {
    const { item, playedMs, isFlushing: wasFlushed } = this;
    this.isPlaying = this.isAudible = this.isFlushing = false;
    this.report({ kind: "silent", item, playedMs, wasFlushed });
  }

  private get playedMs(): number {
    return (this.played / sampleRate) * 1000;
  }

  private report(report: PlayerReport): void {
    this.port.postMessage(report);
  }
}

registerProcessor("player", PlayerProcessor);
