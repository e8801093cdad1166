// The usage of an organisation: pages of keys become one report.

import type { Window } from "./types";
import type { Count, Interval, Report } from "./usage";

export interface KeyUse {
  key: string;
  name: string;
  prefix: string;
  last_four: string;
  user: string;
  state: "active" | "expired" | "revoked";
  last_used_at: string | null;
  /** Requests in the period. */
  total: number;
  operations: { operation: string; count: number }[];
  window: Window;
}

/** A page of the answer. The sums in data are of the keys of the page. */
export interface OrgUsage extends Report {
  org: string;
  interval: Interval;
  running_total: number;
  keys: KeyUse[];
  next_cursor: string | null;
}

export type Period = "24h" | "7d" | "30d" | "90d";

export const periods: Record<Period, { label: string; hours: number; interval: Interval }> = {
  "24h": { label: "24 hours", hours: 24, interval: "hour" },
  "7d": { label: "7 days", hours: 7 * 24, interval: "hour" },
  "30d": { label: "30 days", hours: 30 * 24, interval: "day" },
  "90d": { label: "90 days", hours: 90 * 24, interval: "day" },
};

/** Returns the period of a name in an address; the first for any other name. */
export function periodOf(name: string | undefined): Period {
  return Object.keys(periods).find((one): one is Period => one === name) ?? "24h";
}

/** The query of a period that ends now. */
export function spanOf(period: Period, now: number): { from: string; to: string; interval: Interval } {
  const { hours, interval } = periods[period];
  return { from: new Date(now - hours * 3_600_000).toISOString(), to: new Date(now).toISOString(), interval };
}

/** Adds pages up: the counts of the same time and operation, and the keys, most used first. */
export function joined(pages: OrgUsage[]): OrgUsage {
  const sums = new Map<string, Count>();
  for (const one of pages.flatMap((page) => page.data)) {
    const id = `${one.start} ${one.operation}`;
    sums.set(id, { ...one, count: (sums.get(id)?.count ?? 0) + one.count });
  }
  const last = pages[pages.length - 1]!;
  return {
    ...last,
    total: pages.reduce((sum, page) => sum + page.total, 0),
    data: [...sums.values()],
    keys: pages.flatMap((page) => page.keys).sort((a, b) => b.total - a.total),
  };
}

/** The rows of a file: one for each time and operation. */
export function timeRows(report: Report): (string | number)[][] {
  const rows = report.data.map((one) => [one.start ?? "", one.operation, one.count]);
  return [["start", "operation", "requests"], ...rows.sort((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1))];
}

/** The rows of a file: one for each key and operation, and one for each key without requests. */
export function keyRows(report: OrgUsage, userName: (user: string) => string): (string | number | null)[][] {
  const rows = report.keys.flatMap((one) => {
    const key = [one.key, one.name, userName(one.user), one.state, one.last_used_at];
    return one.operations.length > 0 ? one.operations.map((op) => [...key, op.operation, op.count]) : [[...key, null, 0]];
  });
  return [["key", "name", "owner", "state", "last_used_at", "operation", "requests"], ...rows];
}
