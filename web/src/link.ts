/** What a conversation is held over: where a socket is lost, another one takes its place. */

import { type ClientEvent, type Closing, RealtimeSocket, type ServerEvent } from "./socket";

const WAITS_MS = [500, 1000, 2000, 4000, 8000]; // before the next try; the last one from then on
const GIVE_UP_MS = 50_000; // the server keeps a lost conversation for a minute
const PATIENCE_MS = 10_000; // with one try

export interface Listener {
  /** What the server says. Of sockets, only the first is greeted with `session.created`. */
  onEvent: (event: ServerEvent) => void;
  /** Until `session.resumed`, `onRenewed` or `onEnd` nothing can be sent. */
  onLost: () => void;
  /** The conversation is gone, and a new one has begun. */
  onRenewed: () => void;
  onEnd: (why: string) => void;
}

export class Link {
  private socket: RealtimeSocket | undefined;
  private session = ""; // empty until the first socket is greeted
  private newSession = "";
  private lostAtMs: number | null = null;
  private numTries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Throws as RealtimeSocket. */
  constructor(
    private readonly model: string,
    private readonly key: string,
    private readonly listener: Listener,
  ) {
    this.open();
  }

  /** Send it, or drop it where the connection is lost. */
  send(event: ClientEvent): void {
    if (this.session && this.lostAtMs === null) this.socket?.send(event);
  }

  close(): void {
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private open(): void {
    const onEvent = (event: ServerEvent): void => this.read(event);
    const onClose = (closing: Closing): void => this.closed(closing);
    this.socket = new RealtimeSocket(this.model, this.key, onEvent, onClose);
  }

  private read(event: ServerEvent): void {
    if (this.lostAtMs === null) {
      if (event.type === "session.created") this.session = event.session.id;
      this.listener.onEvent(event);
    } else if (event.type === "session.created") {
      this.newSession = event.session.id;
      this.socket?.send({ type: "session.resume", session_id: this.session });
    } else if (event.type === "session.resumed") {
      this.isBack();
      this.listener.onEvent(event);
    } else if (event.type === "error") {
      this.isBack();
      this.session = this.newSession;
      this.listener.onRenewed();
    }
  }

  private closed({ isLost, reason }: Closing): void {
    clearTimeout(this.timer);
    if (!isLost || !this.session) {
      this.listener.onEnd(reason);
      return;
    }
    if (this.lostAtMs === null) {
      this.lostAtMs = performance.now();
      this.numTries = 0;
      this.listener.onLost();
    }
    const waitMs = WAITS_MS[Math.min(this.numTries++, WAITS_MS.length - 1)]!;
    if (performance.now() + waitMs > this.lostAtMs + GIVE_UP_MS) {
      const limit = `${GIVE_UP_MS / 1000} s`;
      this.listener.onEnd(`The connection was lost, and not found again within ${limit}.`);
      return;
    }
    this.timer = setTimeout(() => this.tryAgain(), waitMs);
  }

  private tryAgain(): void {
    this.open();
    this.timer = setTimeout(() => {
      this.socket?.close();
      this.closed({ isLost: true, reason: "" });
    }, PATIENCE_MS);
  }

  private isBack(): void {
    clearTimeout(this.timer);
    this.lostAtMs = null;
  }
}
