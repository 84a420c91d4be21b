/** One conversation: joins microphone, camera and player with the server, and keeps what happened. */

import { pcmOf, toBase64 } from "./base64";
import { Camera } from "./camera";
import { realtimeName, type Tier } from "./catalogue";
import { Figures } from "./figures";
import { Loudness } from "./loudness";
import { Microphone } from "./microphone";
import type { MicrophoneFrame } from "./microphone-worklet";
import { Player } from "./player";
import type { PlayerReport } from "./player-worklet";
import { RealtimeSocket, type ServerEvent } from "./socket";
import { Timeline } from "./timeline";
import { Transcript } from "./transcript";

export interface Wishes {
  tier: Tier;
  voice: string; // empty: the server's default
  key: string;
  isSemantic: boolean;
}

const FRAME_MS = 32;
const PICTURE_EVERY_MS = 1000;
/** Refusals that come of a race, and need nobody's attention. */
const HARMLESS = ["append image before append audio", "none active response"];

export class Conversation {
  readonly transcript = new Transcript();
  readonly timeline = new Timeline();
  readonly loudness = new Loudness();
  readonly figures = new Figures();
  state: "connecting" | "live" | "ended" = "connecting";
  notices: string[] = [];
  isMuted = false;
  microphone: Microphone | null = null;
  camera: Camera | null = null;
  player: Player | null = null;

  private readonly context = new AudioContext({ latencyHint: "interactive" });
  private socket: RealtimeSocket | null = null;
  private isSemantic: boolean;
  private answering: "no" | "asked" | "yes" = "no";
  private waitingText: string | null = null;
  private numAsked = 0;
  private sentMs = 0; // of the microphone
  private sentAtMs = 0; // when the last of it was sent
  private turnEndedMs: number | null = null;
  private askedMs: number | null = null;
  private interruptedMs: number | null = null;
  private pictures: ReturnType<typeof setInterval> | undefined;

  /** `onChange` is called whenever there is something new to see. */
  constructor(
    private readonly wishes: Wishes,
    private readonly onChange: () => void,
  ) {
    this.isSemantic = wishes.isSemantic;
  }

  /** Call it from a click or a key: browsers let no page sound without one. */
  async start(): Promise<void> {
    if (!isSecureContext) {
      this.end(
        "Browsers let a page record and play live sound only on localhost or over HTTPS. Open this " +
          "page as http://localhost, or put the server behind HTTPS.",
      );
      return;
    }
    try {
      await this.context.resume();
      this.player = await Player.open(this.context, (report) => this.hear(report));
      const { tier, key } = this.wishes;
      const onEvent = (event: ServerEvent): void => this.read(event);
      this.socket = new RealtimeSocket(realtimeName(tier), key, onEvent, (why) => this.end(why));
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    }
  }

  end(why = ""): void {
    if (this.state === "ended") return;
    this.state = "ended";
    if (why) this.notices.push(why);
    clearInterval(this.pictures);
    this.socket?.close();
    this.microphone?.close();
    this.camera?.close();
    this.player?.close();
    for (const speaker of ["user", "assistant"] as const) {
      this.timeline.end(speaker, performance.now());
    }
    void this.context.close();
    this.onChange();
  }

  // -- what the user does

  mute(isMuted: boolean): void {
    this.isMuted = isMuted;
    this.microphone?.mute(isMuted);
    this.onChange();
  }

  /** Who decides when a turn is over and what is an interruption. */
  judgeByMeaning(isSemantic: boolean): void {
    this.isSemantic = isSemantic;
    const type = isSemantic ? "semantic_vad" : "server_vad";
    this.socket?.send({ type: "session.update", session: { turn_detection: { type } } });
  }

  async show(isShown: boolean): Promise<void> {
    this.camera?.close();
    this.camera = null;
    if (isShown) {
      const camera = await Camera.open().catch((error: Error) => this.tell(error.message));
      if (camera && this.state === "live") this.camera = camera;
      else camera?.close();
    }
    this.onChange();
  }

  /** Say something in writing. It interrupts. */
  ask(text: string): void {
    this.silence();
    if (this.answering !== "no") {
      this.waitingText = text;
      this.socket?.send({ type: "response.cancel" });
      return;
    }
    const id = `item_page_${++this.numAsked}`;
    Object.assign(this.transcript.line(id, "user"), { text, isFinal: true });
    const content = [{ type: "input_text", text }];
    const item = { id, type: "message", role: "user", content };
    this.socket?.send({ type: "conversation.item.create", item });
    this.socket?.send({ type: "response.create" });
    this.answering = "asked";
    this.askedMs = performance.now();
    this.onChange();
  }

  // -- what the server says

  private read(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
        void this.begin();
        break;
      case "input_audio_buffer.speech_started":
        this.beginTurn(event.item_id, event.audio_start_ms);
        break;
      case "input_audio_buffer.speech_stopped":
        this.endTurn();
        break;
      case "conversation.item.input_audio_transcription.delta":
        this.transcript.line(event.item_id, "user").text = event.text + event.stash;
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.finishLine(event.item_id, { text: event.transcript });
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.finishLine(event.item_id, { trouble: event.error.message });
        break;
      case "thinktalk.sound.judged":
        this.note(event.item_id, event.kind, event.reason, event.text);
        break;
      case "conversation.item.retrieved":
        this.transcript.line(event.item.id, "assistant").heard =
          event.item.content?.[0]?.transcript ?? "";
        break;
      case "response.created":
        this.answering = "yes";
        this.askedMs ??= performance.now();
        break;
      case "response.audio_transcript.delta":
      case "response.text.delta":
        this.transcript.line(event.item_id, "assistant").text += event.delta;
        break;
      case "response.audio.delta":
        this.player?.play(event.item_id, pcmOf(event.delta));
        break;
      case "response.done":
        this.finishAnswer(event.response.status_details?.error?.message);
        break;
      case "error":
        this.fail(event.error.message);
    }
    this.onChange();
  }

  private async begin(): Promise<void> {
    const { voice } = this.wishes;
    const session = { modalities: ["text", "audio"], ...(voice && { voice }) };
    this.socket?.send({ type: "session.update", session });
    this.judgeByMeaning(this.isSemantic);
    this.state = "live";
    const microphone = await Microphone.open(this.context, (frame) => this.send(frame)).catch(
      (error: Error) => this.tell(`${error.message} You can still write.`),
    );
    if (microphone && this.state === "live") this.microphone = microphone;
    else microphone?.close();
    this.onChange();
  }

  private beginTurn(item: string, startMs: number): void {
    const sinceMs = this.sentAtMs - (this.sentMs - startMs);
    const onsetMs = this.loudness.firstSince(sinceMs) - FRAME_MS;
    this.transcript.line(item, "user");
    this.timeline.begin("user", onsetMs);
    this.turnEndedMs = this.askedMs = null;
    if (this.player?.isPlaying) this.interruptedMs = onsetMs;
    this.silence();
    void this.sendPicture();
    this.pictures = setInterval(() => void this.sendPicture(), PICTURE_EVERY_MS);
  }

  private endTurn(): void {
    clearInterval(this.pictures);
    const startMs = this.timeline.open("user")?.startMs ?? performance.now();
    this.turnEndedMs = this.loudness.lastSince(startMs);
    this.timeline.end("user", this.turnEndedMs);
  }

  private finishLine(item: string, changes: { text?: string; trouble?: string }): void {
    Object.assign(this.transcript.line(item, "user"), changes, { isFinal: true });
  }

  private note(item: string, kind: string, reason: string, text: string): void {
    if (kind === "interruption" || kind === "undecided") return;
    const aside = { kind: kind.replace("_", " "), reason };
    Object.assign(this.transcript.line(item, "user"), { text, aside, isFinal: true });
  }

  private finishAnswer(trouble: string | undefined): void {
    this.answering = "no";
    for (const line of this.transcript.lines) line.isFinal ||= line.speaker === "assistant";
    if (trouble) this.tell(`The answer failed: ${trouble}`);
    const text = this.waitingText;
    this.waitingText = null;
    if (text !== null) this.ask(text);
  }

  private fail(message: string): void {
    if (this.answering === "asked") this.answering = "no";
    if (!HARMLESS.some((words) => message.toLowerCase().includes(words))) this.tell(message);
  }

  // -- sound and pictures

  private send({ pcm, level }: MicrophoneFrame): void {
    this.sentAtMs = performance.now();
    this.sentMs += FRAME_MS;
    this.loudness.push(level, this.sentAtMs);
    this.socket?.send({ type: "input_audio_buffer.append", audio: toBase64(new Uint8Array(pcm)) });
    this.onChange();
  }

  private async sendPicture(): Promise<void> {
    const image = await this.camera?.picture();
    if (image) this.socket?.send({ type: "input_image_buffer.append", image });
  }

  private silence(): void {
    this.player?.flush();
  }

  private hear(report: PlayerReport): void {
    const now = performance.now();
    if (report.kind === "audible") {
      this.timeline.begin("assistant", now);
      if (this.turnEndedMs !== null) this.figures.add("turn", now - this.turnEndedMs);
      if (this.askedMs !== null) this.figures.add("ttfa", now - this.askedMs);
      this.turnEndedMs = this.askedMs = null;
    } else if (report.kind === "silent") {
      this.timeline.end("assistant", now);
      if (report.wasFlushed) this.cutOff(report, now);
      this.interruptedMs = null;
    }
    this.onChange();
  }

  /** The reply stopped in the middle: the conversation is to hold what was heard of it. */
  private cutOff({ item, playedMs }: PlayerReport, now: number): void {
    if (this.interruptedMs !== null) this.figures.add("stop", now - this.interruptedMs);
    const end = { content_index: 0, audio_end_ms: Math.round(playedMs) };
    this.socket?.send({ type: "conversation.item.truncate", item_id: item, ...end });
    this.socket?.send({ type: "conversation.item.retrieve", item_id: item });
  }

  private tell(notice: string): undefined {
    this.notices.push(notice);
    this.onChange();
  }
}
