/** What can be chosen: model, voice, instructions, key, and how turns are judged. */

import type { Catalogue, Model, Tier } from "./catalogue";
import type { Wishes } from "./conversation";

interface Props {
  wishes: Wishes;
  catalogue: Catalogue | null;
  trouble: string;
  needsKey: boolean;
  isTalking: boolean;
  onChange: (changes: Partial<Wishes>) => void;
}

export function Choices({ wishes, catalogue, trouble, needsKey, isTalking, onChange }: Props) {
  const model = catalogue?.models.find((other) => other.tier === wishes.tier);
  return (
    <form aria-label="Settings" class="choices" onSubmit={(event) => event.preventDefault()}>
      <label>
        Model
        <select
          id="tier"
          value={wishes.tier}
          disabled={isTalking}
          onChange={(event) => onChange({ tier: event.currentTarget.value as Tier })}
        >
          {catalogue?.models.map(({ id, tier }) => <option value={tier}>{id}</option>)}
        </select>
      </label>
      <label>
        Voice
        <select
          id="voice"
          value={wishes.voice}
          disabled={isTalking}
          onChange={(event) => onChange({ voice: event.currentTarget.value })}
        >
          <option value="">the model's own</option>
          {catalogue?.voices.map((voice) => (
            <option value={voice.id}>
              {[voice.name, voice.builtin ? voice.gender : "yours"].filter(Boolean).join(", ")}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        Instructions
        <textarea
          id="instructions"
          rows={2}
          placeholder="How it should behave, what it should know"
          value={wishes.instructions}
          disabled={isTalking}
          onInput={(event) => onChange({ instructions: event.currentTarget.value })}
        />
      </label>
      {needsKey && (
        <label>
          Key
          <input
            id="key"
            type="password"
            autocomplete="off"
            value={wishes.key}
            disabled={isTalking}
            onChange={(event) => onChange({ key: event.currentTarget.value.trim() })}
          />
        </label>
      )}
      <label class="switch">
        <input
          id="semantic"
          type="checkbox"
          checked={wishes.isSemantic}
          onChange={(event) => onChange({ isSemantic: event.currentTarget.checked })}
        />
        Judge turns by meaning (<code>semantic_vad</code>); else by silence (<code>server_vad</code>)
      </label>
      {trouble && <p role="alert" class="notice">{trouble}</p>}
      {model && <Behind model={model} />}
    </form>
  );
}

/** Which model really answers: the name is the hosted service's, the weights need not be. */
function Behind({ model }: { model: Model }) {
  return (
    <details class="behind">
      <summary>
        Answered by <b>{model.engine}</b> ({model.state})
      </summary>
      <dl>
        {Object.entries(model.parts).map(([part, name]) => (
          <>
            <dt>{part}</dt>
            <dd>{name}</dd>
          </>
        ))}
      </dl>
      {model.notes.map((note) => <p>{note}</p>)}
    </details>
  );
}
