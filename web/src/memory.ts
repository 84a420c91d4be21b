/** What the page remembers until its tab is closed: nothing lies on disk. */

import { TIERS } from "./catalogue";
import type { Wishes } from "./conversation";

const NAME = "thinktalk";
const FRESH: Wishes = { tier: "flash", voice: "", instructions: "", key: "", isSemantic: true };

export function remembered(): Wishes {
  const stored = sessionStorage.getItem(NAME);
  const wishes = { ...FRESH, ...(stored ? (JSON.parse(stored) as Partial<Wishes>) : {}) };
  return TIERS.includes(wishes.tier) ? wishes : FRESH;
}

export function remember(wishes: Wishes): void {
  sessionStorage.setItem(NAME, JSON.stringify(wishes));
}
