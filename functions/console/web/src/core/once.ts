// Idempotency-Keys: one for each thing to do, kept over its retries.

/** Returns a new Idempotency-Key. */
export function newOnce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `console-${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
}

/** Returns a text that is equal for equal contents. */
export function fingerprint(content: unknown): string {
  return JSON.stringify(content) ?? "";
}
