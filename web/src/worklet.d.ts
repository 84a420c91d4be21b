// What an AudioWorklet module finds around it; TypeScript's own library does not say.

declare const sampleRate: number; // Hz, of the context

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
