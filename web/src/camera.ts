/** The camera: a still picture whenever one is asked for. */

import { toBase64 } from "./base64";
import { granted } from "./microphone";

const WIDTH = 640;
const QUALITY = 0.7; // some 40 kB of JPEG

export class Camera {
  private readonly canvas = document.createElement("canvas");

  private constructor(
    readonly stream: MediaStream,
    private readonly video: HTMLVideoElement,
  ) {}

  /** Throws an Error whose message is for the user. */
  static async open(): Promise<Camera> {
    const stream = await granted({ video: { width: WIDTH } }, "camera");
    const video = document.createElement("video");
    video.muted = video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    return new Camera(stream, video);
  }

  /** A JPEG, as base64. */
  async picture(): Promise<string> {
    const { videoWidth, videoHeight } = this.video;
    this.canvas.width = WIDTH;
    this.canvas.height = Math.round((WIDTH * videoHeight) / (videoWidth || 1));
    const size = [this.canvas.width, this.canvas.height] as const;
    this.canvas.getContext("2d")?.drawImage(this.video, 0, 0, ...size);
    const blob = await new Promise<Blob | null>((done) =>
      this.canvas.toBlob(done, "image/jpeg", QUALITY),
    );
    return blob ? toBase64(new Uint8Array(await blob.arrayBuffer())) : "";
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
  }
}
