// Where the parts of an answer are. A contract may put lists, objects and errors into
// envelopes of its own; the configuration has the paths of their parts.

/** Names from the top of an answer; empty for the answer itself, null if there is none. */
export type Path = string[] | null;

export interface Answers {
  item: Path;
  items: Path;
  /** Cursor of the next page. */
  next: Path;
  total: Path;
  code: Path;
  message: Path;
  details: Path;
  /** How lists are paged. */
  paging?: "cursor" | "page" | "offset";
}

/** What key management has in most contracts. */
export const usual: Answers = {
  item: [],
  items: ["data"],
  next: ["next_cursor"],
  total: ["total"],
  code: ["code"],
  message: ["message"],
  details: ["details"],
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns what stands at a path; undefined if nothing does. */
export function at(path: Path | undefined, answer: unknown): unknown {
  let value: unknown = path ? answer : undefined;
  for (const name of path ?? []) value = isObject(value) ? value[name] : undefined;
  return value;
}

export interface List {
  items: unknown[];
  next: string | null;
  total: number | null;
  /** Whether the answer has a place for a cursor. */
  cursors: boolean;
}

/** Reads a list in the contract's envelope, or in the usual one. Throws if it is in neither. */
export function readList(answers: Answers, answer: unknown): List {
  for (const one of [answers, usual]) {
    const items = at(one.items, answer);
    if (!Array.isArray(items)) continue;
    const next = at(one.next, answer);
    const total = at(one.total, answer);
    return { items, next: typeof next === "string" ? next : null, total: typeof total === "number" ? total : null, cursors: next !== undefined };
  }
  throw new Error("the answer is not a list");
}

/** Reads an object. An answer without the envelope is the object itself. */
export function readItem(answers: Answers, answer: unknown): unknown {
  const path = answers.item ?? [];
  if (path.length === 0 || !isObject(answer) || !(path[0]! in answer)) return answer;
  return at(path, answer);
}
