/** What the server says of itself: models and voices. */

export const TIERS = ["plus", "flash", "light"] as const;
export type Tier = (typeof TIERS)[number];

export interface Model {
  id: string;
  tier: Tier;
  state: string;
  engine: string;
  parts: Record<string, string>;
  notes: string[];
}

export interface Voice {
  id: string;
  name: string;
  builtin?: boolean;
  gender?: string;
  description?: string;
}

export interface Catalogue {
  models: Model[]; // one for each tier that is served
  voices: Voice[];
}

export class KeyNeeded extends Error {}

/** Throws KeyNeeded: the server wants a key, or another one. */
export async function readCatalogue(key: string): Promise<Catalogue> {
  const [models, voices] = await Promise.all([
    list<Model>("v1/models", key),
    list<Voice>("v1/audio/voices", key),
  ]);
  const tiers = TIERS.map((tier) => models.find((model) => model.id === `qwen3.5-omni-${tier}`));
  return { models: tiers.filter((model) => model !== undefined), voices };
}

export function realtimeName(tier: Tier): string {
  return `qwen3.5-omni-${tier}-realtime`;
}

async function list<T>(path: string, key: string): Promise<T[]> {
  const headers: HeadersInit = key ? { authorization: `Bearer ${key}` } : {};
  const answer = await fetch(new URL(path, document.baseURI), { headers });
  if (answer.status === 401) throw new KeyNeeded("The server wants a key.");
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { data: T[] }).data;
}
