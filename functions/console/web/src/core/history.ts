// What a key's audit entries, newest first, tell about its secrets and tokens.

import type { Entry } from "./types";

/** The end of the secret that the last rotation replaced, if it still works; "" if not. */
export function overlapEnd(history: Entry[], now = Date.now()): string {
  const last = history.find((one) => one.action === "key.rotate" || one.action === "key.revoke");
  const end = last?.after?.previous_expires_at;
  return typeof end === "string" && Date.parse(end) > now ? end : "";
}

/** The latest end of the tokens that were made with the key, as far as the entries go; "" without one. */
export function tokensEnd(history: Entry[], now = Date.now()): string {
  const ends = history.filter((one) => one.action === "token.create").map((one) => String(one.after?.expires_at ?? ""));
  return ends.filter((end) => Date.parse(end) > now).sort((a, b) => Date.parse(b) - Date.parse(a))[0] ?? "";
}
