// Audit entries as rows of a file.

import type { Entry } from "./types";

/** The rows: one for each entry, with what was before and after as JSON. */
export function auditRows(entries: Entry[], userName: (user: string) => string): (string | null)[][] {
  const json = (of: Record<string, unknown> | null): string | null => (of === null ? null : JSON.stringify(of));
  const rows = entries.map((one) => [
    one.at,
    one.action,
    one.target,
    one.actor.user ? userName(one.actor.user) : null,
    one.actor.user,
    one.actor.key,
    one.actor.session ?? null,
    one.method,
    json(one.before),
    json(one.after),
    one.request_id,
  ]);
  return [["at", "action", "target", "actor", "actor_user", "actor_key", "actor_session", "method", "before", "after", "request_id"], ...rows];
}

/** The names of the fields that an entry shows; a new or deleted object's empty ones say nothing. */
export function changedFields(before: Record<string, unknown> | null, after: Record<string, unknown> | null): string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (before && after) return names;
  return names.filter((name) => !isNothing((before ?? after)![name]));
}

function isNothing(of: unknown): boolean {
  return of === null || of === "" || of === undefined || (typeof of === "object" && Object.keys(of).length === 0);
}
