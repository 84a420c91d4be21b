/** What was said, line by line, in the order in which it began. */

export type Speaker = "user" | "assistant";

export interface Line {
  id: string;
  speaker: Speaker;
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
}
