/** When who spoke, and how long it took. Times are those of `performance.now()`. */

import { Figures } from "./figures";
import { Loudness } from "./loudness";
import type { PlayerReport } from "./player-worklet";
import { Timeline } from "./timeline";

const FRAME_MS = 32; // of the microphone

export class Timing {
  readonly timeline = new Timeline();
  readonly loudness = new Loudness();
  readonly figures = new Figures();

  private sentMs = 0; // of the microphone, on this connection
  private sentAtMs = 0; // when the last of it was sent
  private turnEndedMs: number | null = null;
  private askedMs: number | null = null;
  private interruptedMs: number | null = null;

  /** A new connection: the server counts from the first sound on it. */
  connected(): void {
    this.sentMs = 0;
  }

  /** Nothing that was waited for will come. */
  disconnected(): void {
    this.turnEndedMs = this.askedMs = this.interruptedMs = null;
    this.timeline.end("user", performance.now());
  }

  frameSent(level: number): void {
    this.sentAtMs = performance.now();
    this.sentMs += FRAME_MS;
    this.loudness.push(level, this.sentAtMs);
  }

  turnBegan(startMs: number, isPlaying: boolean): void {
    const sinceMs = this.sentAtMs - (this.sentMs - startMs);
    const onsetMs = this.loudness.firstSince(sinceMs) - FRAME_MS;
    this.timeline.begin("user", onsetMs);
    this.turnEndedMs = this.askedMs = null;
    if (isPlaying) this.interruptedMs = onsetMs;
  }

  turnEnded(): void {
    const startMs = this.timeline.open("user")?.startMs ?? performance.now();
    this.turnEndedMs = this.loudness.lastSince(startMs);
    this.timeline.end("user", this.turnEndedMs);
  }

  /** The server was asked for an answer, or says that it begins one. */
  answerBegan(isAsked: boolean): void {
    const now = performance.now();
    this.askedMs = isAsked ? now : (this.askedMs ?? now);
  }

  heard(report: PlayerReport): void {
    const now = performance.now();
    if (report.kind === "audible") {
      this.timeline.begin("assistant", now);
      if (this.turnEndedMs !== null) this.figures.add("turn", now - this.turnEndedMs);
      if (this.askedMs !== null) this.figures.add("ttfa", now - this.askedMs);
      this.turnEndedMs = this.askedMs = null;
    } else if (report.kind === "silent") {
      this.timeline.end("assistant", now);
      const wasStopped = report.wasFlushed && this.interruptedMs !== null;
      if (wasStopped) this.figures.add("stop", now - this.interruptedMs!);
      this.interruptedMs = null;
    }
  }

  ended(): void {
    for (const speaker of ["user", "assistant"] as const) {
      this.timeline.end(speaker, performance.now());
    }
  }
}
