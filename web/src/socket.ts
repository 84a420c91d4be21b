/** The realtime socket, in the dialect of Qwen-Omni-Realtime. */

import type { Speaker } from "./transcript";

/** What of the server's events this page reads. */
export type ServerEvent =
  | { type: "session.created"; session: { id: string } }
  | {
      type: "session.resumed";
      session: { turn_detection: { type: string } | null };
      item_ids: string[]; // what the conversation consists of
    }
  | { type: "input_audio_buffer.speech_started"; item_id: string; audio_start_ms: number }
  | { type: "input_audio_buffer.speech_stopped"; item_id: string; audio_end_ms: number }
  | {
      type: "conversation.item.input_audio_transcription.delta";
      item_id: string;
      text: string; // will not change any more
      stash: string; // may
    }
  | {
      type: "conversation.item.input_audio_transcription.completed";
      item_id: string;
      transcript: string;
    }
  | {
      type: "conversation.item.input_audio_transcription.failed";
      item_id: string;
      error: { message: string };
    }
  | { type: "thinktalk.sound.judged"; item_id: string; kind: string; reason: string; text: string }
  | {
      type: "conversation.item.retrieved";
      item: { id: string; role: Speaker; content?: { transcript?: string }[] };
    }
  | { type: "response.created" }
  | { type: "response.audio_transcript.delta" | "response.text.delta"; item_id: string; delta: string }
  | { type: "response.audio.delta"; item_id: string; delta: string }
  | {
      type: "response.done";
      response: { status: string; status_details: { error?: { message: string } } | null };
    }
  | { type: "error"; error: { code: string; message: string } };

export type ClientEvent =
  | { type: "session.update"; session: Record<string, unknown> }
  | { type: "session.resume"; session_id: string }
  | { type: "input_audio_buffer.append"; audio: string }
  | { type: "input_image_buffer.append"; image: string }
  | { type: "conversation.item.create"; item: Record<string, unknown> }
  | { type: "conversation.item.retrieve"; item_id: string }
  | {
      type: "conversation.item.truncate";
      item_id: string;
      content_index: number;
      audio_end_ms: number;
    }
  | { type: "response.create" | "response.cancel" };

/** What a subprotocol may consist of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;

/** Of sound that is not sent yet; a network that falls so far behind cannot carry a conversation. */
const MAX_WAITING_BYTES = 1_000_000;

/** Codes of a server that wants no more of this conversation: it ended it, or refused something. */
const FINAL_CODES = [1000, 1002, 1003, 1007, 1008, 1009, 1010];

/** Why there is a socket no more: `isLost` where another one may go on. */
export interface Closing {
  isLost: boolean;
  reason: string; // for the user
}

export class RealtimeSocket {
  private readonly socket: WebSocket;

  /** Throws an Error whose message is for the user. */
  constructor(
    model: string,
    key: string,
    private readonly onEvent: (event: ServerEvent) => void,
    private readonly onClose: (closing: Closing) => void,
  ) {
    const address = new URL(`api-ws/v1/realtime?model=${encodeURIComponent(model)}`, document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    if (!TOKEN.test(key)) {
      throw new Error("The key has signs that a browser cannot send with a socket: spaces, commas, slashes.");
    }
    // A browser's socket has no headers: this is where the key can go.
    const protocols = key ? ["realtime", `openai-insecure-api-key.${key}`] : ["realtime"];
    this.socket = new WebSocket(address, protocols);
    this.socket.onmessage = (message: MessageEvent<string>) => {
      this.onEvent(JSON.parse(message.data) as ServerEvent);
    };
    this.socket.onclose = (event) => {
      this.onClose({ isLost: !FINAL_CODES.includes(event.code), reason: reason(event) });
    };
  }

  send(event: ClientEvent): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_WAITING_BYTES) {
      this.close();
      this.onClose({ isLost: true, reason: "The network is too slow." });
      return;
    }
    this.socket.send(JSON.stringify(event));
  }

  close(): void {
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close(1000);
  }
}

function reason(event: CloseEvent): string {
  if (event.reason) return `The server ended the conversation: ${event.reason}`;
  if (event.code === 1000) return "The server ended the conversation.";
  return `The connection failed (code ${event.code}): the server refused it or has gone.`;
}
