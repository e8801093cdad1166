// Metadata of keys: a JSON object of at most 1 KB.

const most = 1024; // bytes

export interface Metadata {
  value: Record<string, unknown> | null;
  problem: string;
}

/** Reads what was typed; nothing is an empty object. */
export function readMetadata(text: string): Metadata {
  if (text.trim() === "") return { value: {}, problem: "" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { value: null, problem: `This is not JSON: ${error instanceof Error ? error.message : ""}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { value: null, problem: 'Must be an object, such as {"team": "scores"}' };
  const size = new TextEncoder().encode(JSON.stringify(value)).length;
  if (size > most) return { value: null, problem: `Must have at most ${most} bytes, and has ${size}` };
  return { value: value as Record<string, unknown>, problem: "" };
}

export function writeMetadata(value: Record<string, unknown>): string {
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value, null, 2);
}
