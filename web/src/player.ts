/** Plays the assistant's speech as it arrives, and knows how much of it was played. */

import type { PlayerOrder, PlayerReport } from "./player-worklet";
import workletUrl from "./player-worklet.ts?worker&url";
import { Resampler } from "./resampler";

const RATE = 24_000; // Hz of the speech that the server sends

export class Player {
  /** The item that plays, or played last, and how much of it was played. */
  item = "";
  playedMs = 0;
  isPlaying = false;

  private resampler: Resampler;
  private latest = ""; // the item that sound came for last
  private dropped = ""; // what still comes of it is not wanted

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly onReport: (report: PlayerReport) => void,
  ) {
    this.resampler = new Resampler(RATE, context.sampleRate);
    node.port.onmessage = (message: MessageEvent<PlayerReport>) => this.note(message.data);
    node.connect(context.destination);
  }

  static async open(
    context: AudioContext,
    onReport: (report: PlayerReport) => void,
  ): Promise<Player> {
    await context.audioWorklet.addModule(workletUrl);
    const options = { numberOfInputs: 0, outputChannelCount: [1] };
    return new Player(context, new AudioWorkletNode(context, "player", options), onReport);
  }

  play(item: string, pcm: Int16Array): void {
    if (item === this.dropped) return;
    if (item !== this.latest) this.resampler = new Resampler(RATE, this.context.sampleRate);
    this.latest = item;
    const samples = this.resampler.push(Float32Array.from(pcm, (x) => x / 32_768));
    this.order({ kind: "play", item, samples });
  }

  /** Fall silent at once. */
  flush(): void {
    this.dropped = this.latest;
    this.order({ kind: "flush" });
  }

  close(): void {
    this.node.port.onmessage = null;
    this.node.disconnect();
  }

  private note(report: PlayerReport): void {
    this.item = report.item;
    this.playedMs = report.playedMs;
    this.isPlaying = report.kind !== "silent";
    this.onReport(report);
  }

  private order(order: PlayerOrder): void {
    this.node.port.postMessage(order);
  }
}
