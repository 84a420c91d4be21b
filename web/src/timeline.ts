/** Who spoke when. Times are those of `performance.now()`. */

import type { Speaker } from "./transcript";

export interface Span {
  speaker: Speaker;
  startMs: number;
  endMs: number | null; // null: still speaking
}

const KEPT_MS = 60_000;

export class Timeline {
  spans: Span[] = [];

  begin(speaker: Speaker, startMs: number): void {
    if (this.open(speaker)) return;
    this.spans = this.spans.filter((span) => (span.endMs ?? startMs) > startMs - KEPT_MS);
    this.spans.push({ speaker, startMs, endMs: null });
  }

  end(speaker: Speaker, endMs: number): void {
    const span = this.open(speaker);
    if (span) span.endMs = Math.max(span.startMs, endMs);
  }

  open(speaker: Speaker): Span | undefined {
    return this.spans.find((span) => span.speaker === speaker && span.endMs === null);
  }
}
