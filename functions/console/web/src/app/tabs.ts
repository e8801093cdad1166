// Other tabs of the same browser share the cookie: when one signs in or out, the others do as
// well. Only the word is sent.

export type Word = "began" | "ended";

const name = "console-session";
let channel: BroadcastChannel | null = null;

function open(): BroadcastChannel | null {
  if (typeof BroadcastChannel === "undefined") return null;
  channel ??= new BroadcastChannel(name);
  return channel;
}

/** Calls back when another tab signed in or out. Returns the function that stops it. */
export function otherTabs(call: (word: Word) => void): () => void {
  const at = open();
  const hear = (event: MessageEvent<unknown>): void => {
    if (event.data === "began" || event.data === "ended") call(event.data);
  };
  at?.addEventListener("message", hear);
  return () => at?.removeEventListener("message", hear);
}

export function tellOtherTabs(word: Word): void {
  open()?.postMessage(word);
}
