// A contract may give the fields of an object names and formats of its own. The configuration
// tells where they are, and the console reads them by the names that it knows.

import { at, isObject } from "./answers";

export interface Part {
  path: string[];
  /** Whether it is a time in milliseconds since 1970. */
  millis?: boolean;
}

/** The console's name of each field, and its place. */
export type View = Record<string, Part>;

/** The objects of operations whose views the configuration may have. */
const objects: Record<string, string> = {
  listWebhooks: "webhook",
  getWebhook: "webhook",
  createWebhook: "webhookWithSecret",
  rotateWebhook: "webhookWithSecret",
  listDeliveries: "delivery",
};

/** Returns an object of an operation under the console's names. Fields that the contract does not show are missing. */
export function named(views: Record<string, View> | undefined, operation: string, object: unknown): unknown {
  const view = views?.[objects[operation] ?? ""];
  if (!view || !isObject(object)) return object;
  const ours: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(view)) {
    const value = at(part.path, object);
    ours[name] = part.millis && typeof value === "number" ? new Date(value).toISOString() : value;
  }
  return ours;
}
