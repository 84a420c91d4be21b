/** What was said, line by line, in the order in which it began. */

export type Speaker = "user" | "assistant";

export interface Line {
  id: string;
  /** `page`: not said, but told to the user. */
  speaker: Speaker | "page";
  text: string;
  isFinal: boolean;
  /** Of an interrupted reply: the part that was heard. */
  heard?: string;
  trouble?: string;
  /** What a sound was, and why, that came during a reply and did not stop it. */
  aside?: { kind: string; reason: string };
}

export class Transcript {
  readonly lines: Line[] = [];

  /** The line of an item; a new one at the end if there is none yet. */
  line(id: string, speaker: Speaker): Line {
    let line = this.lines.find((other) => other.id === id);
    if (!line) {
      line = { id, speaker, text: "", isFinal: false };
      this.lines.push(line);
    }
    return line;
  }

  /** What is still being said, or understood. */
  unfinished(speaker: Speaker): Line[] {
    return this.lines.filter((line) => line.speaker === speaker && !line.isFinal);
  }

  finish(speaker: Speaker): void {
    for (const line of this.unfinished(speaker)) line.isFinal = true;
  }

  /** Tell the user something that concerns all above it. */
  note(text: string): void {
    this.lines.push({ id: `note_${this.lines.length}`, speaker: "page", text, isFinal: true });
  }
}
