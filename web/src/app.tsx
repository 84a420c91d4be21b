/** The page: what there is to choose, and the conversation. */

import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { type Catalogue, KeyNeeded, readCatalogue } from "./catalogue";
import { Choices } from "./choices";
import { Conversation } from "./conversation";
import { remember, remembered } from "./memory";
import { Stage } from "./stage";

export function App() {
  const [wishes, setWishes] = useState(remembered);
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);
  const [trouble, setTrouble] = useState("");
  const [needsKey, setNeedsKey] = useState(wishes.key !== "");
  const [conversation, setConversation] = useState<Conversation | null>(null);
  const redraw = useRedraw();
  const isTalking = conversation !== null && conversation.state !== "ended";

  useEffect(() => remember(wishes), [wishes]);
  useEffect(() => {
    let isCurrent = true;
    readCatalogue(wishes.key).then(
      (read) => isCurrent && (setCatalogue(read), setTrouble("")),
      (error: Error) => {
        if (!isCurrent) return;
        setCatalogue(null);
        setNeedsKey((needed) => needed || error instanceof KeyNeeded);
        setTrouble(error.message);
      },
    );
    return () => void (isCurrent = false);
  }, [wishes.key]);

  const start = (): void => {
    const begun = new Conversation(wishes, redraw);
    setConversation(begun);
    void begun.start();
  };
  return (
    <>
      <header>
        <h1>thinktalk</h1>
        <p>
          Talk with the model on this server. What you say, write and show goes to this server and
          nowhere else. <a href="docs">API reference</a>
        </p>
      </header>
      <Choices
        {...{ wishes, catalogue, trouble, needsKey, isTalking }}
        onChange={(changes) => {
          if (changes.isSemantic !== undefined) conversation?.judgeByMeaning(changes.isSemantic);
          setWishes({ ...wishes, ...changes });
        }}
      />
      <Stage conversation={conversation} canStart={catalogue !== null} onStart={start} />
    </>
  );
}

/** A function that draws the page anew, at most once a frame. */
function useRedraw(): () => void {
  const [, draw] = useReducer((times: number) => times + 1, 0);
  const isWaiting = useRef(false);
  return () => {
    if (isWaiting.current) return;
    isWaiting.current = true;
    requestAnimationFrame(() => {
      isWaiting.current = false;
      draw(undefined);
    });
  };
}
