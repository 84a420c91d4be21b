/** What was said. What is still being understood or spoken is marked, and so is what nobody heard. */

import { useEffect, useRef } from "preact/hooks";
import type { Line, Transcript } from "./transcript";

export function TranscriptView({ transcript }: { transcript: Transcript }) {
  const list = useRef<HTMLOListElement>(null);
  const length = transcript.lines.reduce((sum, line) => sum + 1 + line.text.length, 0);
  useEffect(() => list.current?.scrollTo({ top: list.current.scrollHeight }), [length]);
  return (
    <ol id="transcript" ref={list} class="transcript" aria-label="Transcript" tabIndex={0}>
      {transcript.lines.map((line) => (
        <li key={line.id} class={line.speaker} data-final={line.isFinal}>
          {line.speaker === "page" ? (
            <p role="alert" class="notice">{line.text}</p>
          ) : (
            <>
              <b>{line.speaker === "user" ? "You" : "It"}</b> <Words line={line} />
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function Words({ line }: { line: Line }) {
  if (line.trouble) return <i>not understood: {line.trouble}</i>;
  if (line.aside) {
    const { kind, reason } = line.aside;
    return <i title={reason}>{[line.text, `(${kind}: it went on)`].join(" ")}</i>;
  }
  if (line.heard === undefined) return <span>{line.text || "…"}</span>;
  return (
    <span>
      {line.heard} <s title="This was not heard">{line.text.slice(line.heard.length)}</s>
    </span>
  );
}
