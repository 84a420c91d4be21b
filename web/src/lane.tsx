/** Who spoke when, over the last half minute, and how loud the microphone is now. */

import { useEffect, useReducer } from "preact/hooks";
import type { Conversation } from "./conversation";

const SHOWN_MS = 30_000;
const DRAW_EVERY_MS = 100;
const ROWS = { user: 4, assistant: 24 } as const;

export function Lane({ conversation }: { conversation: Conversation }) {
  const [, draw] = useReducer((times: number) => times + 1, 0);
  const isLive = conversation.state === "live";
  useEffect(() => {
    const timer = isLive ? setInterval(() => draw(undefined), DRAW_EVERY_MS) : undefined;
    return () => clearInterval(timer);
  }, [isLive]);
  const { timing, player } = conversation;
  const now = performance.now();
  const at = (ms: number): number => Math.max(0, 1000 * (1 - (now - ms) / SHOWN_MS));
  return (
    <div class="lane">
      <div aria-hidden="true">
        <div>You</div>
        <div>It</div>
      </div>
      <svg
        id="lane"
        viewBox="0 0 1000 40"
        preserveAspectRatio="none"
        role="img"
        aria-label="Who spoke when in the last 30 seconds"
        data-playing={player?.isPlaying ?? false}
        data-item={player?.item}
        data-played-ms={Math.round(player?.playedMs ?? 0)}
      >
        {timing.timeline.spans.map(({ speaker, startMs, endMs }) => (
          <rect
            class={speaker}
            x={at(startMs)}
            y={ROWS[speaker]}
            width={Math.max(0, at(endMs ?? now) - at(startMs))}
            height="12"
            rx="3"
          />
        ))}
      </svg>
      <meter aria-label="Microphone" min={0} max={0.3} value={timing.loudness.level} />
    </div>
  );
}
