/** One conversation: joins microphone, camera and player with the server, and keeps what happened. */

import { pcmOf, toBase64 } from "./base64";
import { Camera } from "./camera";
import { realtimeName, type Tier } from "./catalogue";
import { Link } from "./link";
import { Microphone } from "./microphone";
import type { MicrophoneFrame } from "./microphone-worklet";
import { Player } from "./player";
import type { PlayerReport } from "./player-worklet";
import type { ServerEvent } from "./socket";
import { Timing } from "./timing";
import { type Speaker, Transcript } from "./transcript";

export interface Wishes {
  tier: Tier;
  voice: string; // empty: the server's default
  instructions: string; // empty: none
  key: string;
  isSemantic: boolean;
}

const PICTURE_EVERY_MS = 1000;
/** Refusals that come of a race, and need nobody's attention. */
const HARMLESS = ["append image before append audio", "none active response"];

export class Conversation {
  readonly transcript = new Transcript();
  readonly timing = new Timing();
  state: "connecting" | "live" | "lost" | "ended" = "connecting";
  notices: string[] = [];
  isMuted = false;
  microphone: Microphone | null = null;
  camera: Camera | null = null;
  player: Player | null = null;

  private readonly context = new AudioContext({ latencyHint: "interactive" });
  private link: Link | null = null;
  private isSemantic: boolean;
  private answering: "no" | "asked" | "yes" = "no";
  private waitingText: string | null = null;
  private askedItem = ""; // what was last asked in writing
  private brokenOff = ""; // the reply that ended with the connection
  private numAsked = 0;
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
      if (this.hasEnded) return this.player.close();
      const { tier, key } = this.wishes;
      this.link = new Link(realtimeName(tier), key, {
        onEvent: (event) => this.read(event),
        onLost: () => this.pause(),
        onRenewed: () => this.renew(),
        onEnd: (why) => this.end(why),
      });
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    }
  }

  /** Also while it was only beginning. */
  private get hasEnded(): boolean {
    return this.state === "ended";
  }

  end(why = ""): void {
    if (this.hasEnded) return;
    this.state = "ended";
    if (why) this.notices.push(why);
    clearInterval(this.pictures);
    this.link?.close();
    this.microphone?.close();
    this.camera?.close();
    this.player?.close();
    this.timing.ended();
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
    this.link?.send({ type: "session.update", session: { turn_detection: { type } } });
  }

  async show(isShown: boolean): Promise<void> {
    this.camera?.close();
    this.camera = null;
    if (isShown) {
      const camera = await Camera.open().catch((error: Error) => this.tell(error.message));
      if (camera && this.state !== "ended") this.camera = camera;
      else camera?.close();
    }
    this.onChange();
  }

  /** Say something in writing, as soon as the server can be told. It interrupts. */
  ask(text: string): void {
    this.silence();
    if (this.state !== "live" || this.answering !== "no") {
      this.waitingText = this.waitingText === null ? text : `${this.waitingText}\n${text}`;
      if (this.answering !== "no") this.link?.send({ type: "response.cancel" });
      return;
    }
    this.askedItem = `item_page_${++this.numAsked}`;
    Object.assign(this.transcript.line(this.askedItem, "user"), { text, isFinal: true });
    this.put(this.askedItem, text);
    this.wantAnswer();
    this.onChange();
  }

  private put(id: string, text: string): void {
    const content = [{ type: "input_text", text }];
    const item = { id, type: "message", role: "user", content };
    this.link?.send({ type: "conversation.item.create", item });
  }

  private wantAnswer(): void {
    this.link?.send({ type: "response.create" });
    this.answering = "asked";
    this.timing.answerBegan(true);
  }

  private askWaiting(): void {
    const text = this.waitingText;
    this.waitingText = null;
    if (text !== null) this.ask(text);
  }

  // -- what the server says

  private read(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
        this.begin();
        void this.openMicrophone();
        break;
      case "session.resumed":
        this.goOn(event.item_ids, event.session.turn_detection?.type === "semantic_vad");
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
        this.recall(event.item.id, event.item.role, event.item.content?.[0]?.transcript ?? "");
        break;
      case "response.created":
        this.answering = "yes";
        this.timing.answerBegan(false);
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

  private begin(): void {
    const { voice, instructions } = this.wishes;
    const chosen = { ...(voice && { voice }), ...(instructions && { instructions }) };
    const session = { modalities: ["text", "audio"], ...chosen };
    this.link?.send({ type: "session.update", session });
    this.judgeByMeaning(this.isSemantic);
    this.goLive();
    this.askWaiting();
  }

  private goLive(): void {
    this.state = "live";
    this.timing.connected();
  }

  private async openMicrophone(): Promise<void> {
    const microphone = await Microphone.open(this.context, (frame) => this.send(frame)).catch(
      (error: Error) => this.tell(`${error.message} You can still write.`),
    );
    if (microphone && this.state !== "ended") this.microphone = microphone;
    else microphone?.close();
    this.onChange();
  }

  private beginTurn(item: string, startMs: number): void {
    this.transcript.line(item, "user");
    this.timing.turnBegan(startMs, this.player?.isPlaying ?? false);
    this.silence();
    void this.sendPicture();
    clearInterval(this.pictures);
    this.pictures = setInterval(() => void this.sendPicture(), PICTURE_EVERY_MS);
  }

  private endTurn(): void {
    clearInterval(this.pictures);
    this.timing.turnEnded();
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
    this.transcript.finish("assistant");
    if (trouble) this.tell(`The answer failed: ${trouble}`);
    this.askWaiting();
  }

  /** What the server keeps of an item: all that was understood, or what was heard. */
  private recall(item: string, speaker: Speaker, text: string): void {
    const line = this.transcript.line(item, speaker);
    if (speaker === "assistant") line.heard = text;
    else this.finishLine(item, { text: text || line.text });
  }

  private fail(message: string): void {
    if (this.answering === "asked") this.answering = "no";
    if (!HARMLESS.some((words) => message.toLowerCase().includes(words))) this.tell(message);
  }

  // -- a lost connection

  /** The microphone goes on. A reply of which more was to come has ended. */
  private pause(): void {
    this.state = "lost";
    clearInterval(this.pictures);
    this.timing.disconnected();
    if (this.answering === "yes") {
      this.answering = "no";
      this.brokenOff = this.transcript.unfinished("assistant").at(-1)?.id ?? "";
      this.transcript.finish("assistant");
      this.silence();
    }
    this.onChange();
  }

  /** Go on with what the server kept: the items of these ids. */
  private goOn(kept: string[], isSemantic: boolean): void {
    this.goLive();
    if (isSemantic !== this.isSemantic) this.judgeByMeaning(this.isSemantic);
    for (const { id } of this.transcript.unfinished("user")) {
      if (kept.includes(id)) this.link?.send({ type: "conversation.item.retrieve", item_id: id });
      else this.finishLine(id, { trouble: "lost with the connection" });
    }
    if (kept.includes(this.brokenOff)) {
      const { item, playedMs } = this.player!;
      this.truncate(this.brokenOff, item === this.brokenOff ? playedMs : 0);
    }
    this.brokenOff = "";
    this.answerWhatStands(kept);
  }

  /** A question that was not answered when the connection was lost is answered now. */
  private answerWhatStands(kept: string[]): void {
    const last = this.transcript.lines.find((line) => line.id === kept.at(-1));
    let isOpen = last?.speaker === "user" && !last.aside;
    if (this.answering === "asked" && !kept.includes(this.askedItem)) {
      this.put(this.askedItem, this.transcript.line(this.askedItem, "user").text);
      isOpen = true;
    }
    this.answering = "no";
    if (isOpen && this.waitingText === null) this.wantAnswer();
    else this.askWaiting();
  }

  /** Nothing was kept: begin a new conversation below the old one. */
  private renew(): void {
    for (const { id } of this.transcript.unfinished("user")) {
      this.finishLine(id, { trouble: "lost with the connection" });
    }
    if (this.transcript.lines.length) {
      this.transcript.note(
        "The server no longer has what was said so far. Below is a new conversation.",
      );
    }
    this.answering = "no";
    this.brokenOff = "";
    this.begin();
    this.onChange();
  }

  // -- sound and pictures

  private send({ pcm, level }: MicrophoneFrame): void {
    this.timing.frameSent(level);
    this.link?.send({ type: "input_audio_buffer.append", audio: toBase64(new Uint8Array(pcm)) });
    this.onChange();
  }

  private async sendPicture(): Promise<void> {
    const image = await this.camera?.picture();
    if (image) this.link?.send({ type: "input_image_buffer.append", image });
  }

  private silence(): void {
    this.player?.flush();
  }

  private hear(report: PlayerReport): void {
    this.timing.heard(report);
    // Stopped in the middle: the conversation is to hold what was heard.
    if (report.kind === "silent" && report.wasFlushed) this.truncate(report.item, report.playedMs);
    this.onChange();
  }

  private truncate(item: string, playedMs: number): void {
    const end = { content_index: 0, audio_end_ms: Math.round(playedMs) };
    this.link?.send({ type: "conversation.item.truncate", item_id: item, ...end });
    this.link?.send({ type: "conversation.item.retrieve", item_id: item });
  }

  private tell(notice: string): undefined {
    this.notices.push(notice);
    this.onChange();
  }
}
