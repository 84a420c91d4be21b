/** The conversation as it is seen: who speaks, what was said, how long it took, what to do. */

import { useEffect, useRef } from "preact/hooks";
import type { Conversation } from "./conversation";
import { FIGURES, type Figure, type Figures } from "./figures";
import { Lane } from "./lane";
import { TranscriptView } from "./transcript-view";

interface Props {
  conversation: Conversation | null;
  canStart: boolean;
  onStart: () => void;
}

export function Stage({ conversation, canStart, onStart }: Props) {
  const isTalking = conversation !== null && conversation.state !== "ended";
  return (
    <section aria-label="Conversation" class="stage">
      <div class="controls">
        {isTalking ? (
          <Controls conversation={conversation} />
        ) : (
          <button id="start" class="main" disabled={!canStart} onClick={onStart}>
            Start talking
          </button>
        )}
        <p id="status" role="status">{status(conversation)}</p>
      </div>
      {conversation?.notices.map((notice) => <p role="alert" class="notice">{notice}</p>)}
      {conversation && (
        <>
          <Lane conversation={conversation} />
          {conversation.camera && <Preview stream={conversation.camera.stream} />}
          <TranscriptView transcript={conversation.transcript} />
          {isTalking && <Writing onText={(text) => conversation.ask(text)} />}
          <FiguresView figures={conversation.timing.figures} />
        </>
      )}
    </section>
  );
}

function status(conversation: Conversation | null): string {
  if (!conversation) return "";
  if (conversation.state === "lost") return "Connection lost: trying again…";
  if (conversation.state !== "live") return conversation.state;
  if (conversation.timing.timeline.open("user")) return "You are speaking";
  if (conversation.player?.isPlaying) return "It is speaking";
  if (!conversation.microphone) return "No microphone";
  return conversation.isMuted ? "Muted" : "Listening";
}

function Controls({ conversation }: { conversation: Conversation }) {
  const { isMuted, camera, microphone } = conversation;
  return (
    <>
      <button id="end" class="main" onClick={() => conversation.end()}>
        End
      </button>
      <button
        id="mute"
        aria-pressed={isMuted}
        disabled={!microphone}
        onClick={() => conversation.mute(!isMuted)}
      >
        {isMuted ? "Unmute" : "Mute"}
      </button>
      <button
        id="camera"
        aria-pressed={camera !== null}
        disabled={!microphone}
        title="While you speak, one picture a second goes with what you say"
        onClick={() => void conversation.show(camera === null)}
      >
        {camera ? "Hide camera" : "Show camera"}
      </button>
    </>
  );
}

function Preview({ stream }: { stream: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return <video ref={video} class="preview" aria-label="Your camera" autoplay muted playsInline />;
}

function Writing({ onText }: { onText: (text: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const send = (event: Event): void => {
    event.preventDefault();
    const text = field.current?.value.trim();
    if (text) onText(text);
    if (field.current) field.current.value = "";
  };
  return (
    <form class="writing" onSubmit={send}>
      <input id="text" ref={field} aria-label="Write instead" placeholder="Write instead" autocomplete="off" />
      <button>Send</button>
    </form>
  );
}

function FiguresView({ figures }: { figures: Figures }) {
  const shown = (Object.keys(FIGURES) as Figure[]).filter((figure) => figures.count(figure) > 0);
  if (!shown.length) return null;
  return (
    <table class="figures">
      <caption>Measured in this page; what the sound card adds is not in it.</caption>
      <thead>
        <tr>
          <th scope="col">ms</th>
          <th scope="col">last</th>
          <th scope="col">median</th>
          <th scope="col">times</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((figure) => (
          <tr id={`figure-${figure}`}>
            <th scope="row">{FIGURES[figure]}</th>
            <td>{figures.last(figure)?.toFixed(0)}</td>
            <td>{figures.median(figure)?.toFixed(0)}</td>
            <td>{figures.count(figure)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
