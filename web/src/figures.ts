/** How long things took in this conversation, in milliseconds. */

export const FIGURES = {
  turn: "end of your speech → first sound of the answer",
  ttfa: "answer asked for → its first sound",
  stop: "you interrupt → silence",
} as const;

export type Figure = keyof typeof FIGURES;

export class Figures {
  private readonly measured: Record<Figure, number[]> = { turn: [], ttfa: [], stop: [] };

  add(figure: Figure, tookMs: number): void {
    this.measured[figure].push(tookMs);
  }

  count(figure: Figure): number {
    return this.measured[figure].length;
  }

  last(figure: Figure): number | undefined {
    return this.measured[figure].at(-1);
  }

  median(figure: Figure): number | undefined {
    const sorted = [...this.measured[figure]].sort((one, other) => one - other);
    const low = sorted[(sorted.length - 1) >> 1];
    const high = sorted[sorted.length >> 1];
    return low !== undefined && high !== undefined ? (low + high) / 2 : undefined;
  }
}
