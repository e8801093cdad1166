// Other tabs of the same browser: when one signs out, the others do as well, because they
// share the cookie. Only the word is sent.

const name = "console-session";
let channel: BroadcastChannel | null = null;

function open(): BroadcastChannel | null {
  if (typeof BroadcastChannel === "undefined") return null;
  channel ??= new BroadcastChannel(name);
  return channel;
}

/** Calls back when another tab signed out. Returns the function that stops it. */
export function otherTabs(ended: () => void): () => void {
  const at = open();
  const hear = (): void => ended();
  at?.addEventListener("message", hear);
  return () => at?.removeEventListener("message", hear);
}

export function tellOtherTabs(): void {
  open()?.postMessage("ended");
}
