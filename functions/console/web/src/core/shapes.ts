// Envelopes of answers. A contract may put lists, objects and errors into envelopes of its
// own; the configuration has them as trees whose leaves are slots.

export interface Shape {
  fields?: { name: string; node: Shape }[];
  slot?: string;
  omit_null?: boolean;
  prefix?: string;
}

export type Slots = Record<string, unknown>;

const ownList: Shape = {
  fields: [
    { name: "data", node: { slot: "items" } },
    { name: "next_cursor", node: { slot: "next" } },
    { name: "total", node: { slot: "total" } },
  ],
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the values of the slots if the answer has exactly the fields of the shape, else null. */
export function slotsOf(shape: Shape | undefined, value: unknown): Slots | null {
  const slots: Slots = {};
  return shape && walk(shape, value, slots) ? slots : null;
}

function walk(shape: Shape, value: unknown, slots: Slots): boolean {
  if (!shape.fields) {
    if (shape.slot) slots[shape.slot] = value;
    return true;
  }
  if (!isObject(value)) return false;
  const names = new Set<string>();
  for (const field of shape.fields) {
    names.add(field.name);
    if (!(field.name in value)) {
      if (field.node.omit_null) continue;
      return false;
    }
    if (!walk(field.node, value[field.name], slots)) return false;
  }
  return Object.keys(value).every((name) => names.has(name));
}

export interface ListSlots {
  items: unknown[];
  next: string | null;
  total: number | null;
  /** Whether the envelope has a place for a cursor. */
  cursors: boolean;
}

/** Reads a list in the contract's envelope, or in the one of key management. */
export function readList(shape: Shape | undefined, answer: unknown): ListSlots {
  for (const one of [shape, ownList]) {
    const slots = slotsOf(one, answer);
    if (slots && Array.isArray(slots.items)) {
      return {
        items: slots.items,
        next: typeof slots.next === "string" ? slots.next : null,
        total: typeof slots.total === "number" ? slots.total : null,
        cursors: "next" in slots,
      };
    }
  }
  if (isObject(answer) && Array.isArray(answer.data)) {
    const next = answer.next_cursor; // of an envelope with further fields
    return {
      items: answer.data,
      next: typeof next === "string" ? next : null,
      total: typeof answer.total === "number" ? answer.total : null,
      cursors: "next_cursor" in answer,
    };
  }
  throw new Error("the answer is not a list");
}

/** Reads an object, in the contract's envelope or in none. */
export function readItem(shape: Shape | undefined, answer: unknown): unknown {
  const slots = slotsOf(shape, answer);
  return slots && "item" in slots ? slots.item : answer;
}
