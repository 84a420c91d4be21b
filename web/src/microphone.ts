/** The user's microphone. */

import type { MicrophoneFrame } from "./microphone-worklet";
import workletUrl from "./microphone-worklet.ts?worker&url";

const SOUND: MediaTrackConstraints = {
  channelCount: 1,
  echoCancellation: true, // or the assistant would interrupt itself
  noiseSuppression: true,
  autoGainControl: true,
};

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly node: AudioWorkletNode,
  ) {}

  /** Throws an Error whose message is for the user. */
  static async open(
    context: AudioContext,
    onFrame: (frame: MicrophoneFrame) => void,
  ): Promise<Microphone> {
    await context.audioWorklet.addModule(workletUrl);
    const stream = await granted({ audio: SOUND }, "microphone");
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    node.port.onmessage = (message: MessageEvent<MicrophoneFrame>) => onFrame(message.data);
    context.createMediaStreamSource(stream).connect(node);
    return new Microphone(stream, node);
  }

  /** A muted microphone goes on, with silence: the server needs sound to find the end of a turn. */
  mute(isMuted: boolean): void {
    for (const track of this.stream.getTracks()) track.enabled = !isMuted;
  }

  close(): void {
    this.node.disconnect();
    this.node.port.onmessage = null;
    for (const track of this.stream.getTracks()) track.stop();
  }
}

/** A device's stream, or an Error that says plainly why there is none. */
export async function granted(wanted: MediaStreamConstraints, device: string): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw new Error(reason(error, device), { cause: error });
  }
}

function reason(error: unknown, device: string): string {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
      return `The ${device} was refused. Allow it for this page in the browser's settings.`;
    case "NotFoundError":
      return `No ${device} was found on this machine.`;
    case "NotReadableError":
      return `The ${device} cannot be read: another program may be using it.`;
    default:
      return `The ${device} cannot be used: ${String(error)}`;
  }
}
