// Usage as bars: counts of hours or days, of operations, and the quota's line.

export interface Count {
  operation: string;
  count: number;
  hour?: string;
  day?: string;
  at?: string;
  start?: string;
}

export interface Report {
  from: string;
  to: string;
  total: number;
  data: Count[];
}

export type Interval = "hour" | "day";

export interface Bucket {
  /** Start, UTC. */
  at: string;
  total: number;
}

const size: Record<Interval, number> = { hour: 3_600_000, day: 86_400_000 };

const startOf = (count: Count): string => count.hour ?? count.day ?? count.at ?? count.start ?? "";

/** Sums the counts by hour or day, with the empty ones between from and to. */
export function buckets(report: Report, interval: Interval): Bucket[] {
  const step = size[interval];
  const sums = new Map<number, number>();
  for (const one of report.data) {
    const at = Math.floor(Date.parse(startOf(one)) / step) * step;
    sums.set(at, (sums.get(at) ?? 0) + one.count);
  }
  const found: Bucket[] = [];
  const last = Date.parse(report.to);
  for (let at = Math.floor(Date.parse(report.from) / step) * step; at < last; at += step) {
    found.push({ at: new Date(at).toISOString(), total: sums.get(at) ?? 0 });
  }
  return found;
}

export interface OperationSum {
  operation: string;
  total: number;
}

/** Sums the counts by operation, most used first. */
export function byOperation(report: Report): OperationSum[] {
  const sums = new Map<string, number>();
  for (const one of report.data) sums.set(one.operation, (sums.get(one.operation) ?? 0) + one.count);
  return [...sums].map(([operation, total]) => ({ operation, total })).sort((a, b) => b.total - a.total || a.operation.localeCompare(b.operation));
}

/** How many requests the quota allows in an hour or a day; null where windows are longer or there is no quota. */
export function quotaOf(limit: number | null, window: number, interval: Interval): number | null {
  const seconds = size[interval] / 1000;
  if (limit === null || window <= 0 || window > seconds) return null;
  return limit * Math.floor(seconds / window);
}

/**
 * The top of the picture: a round number not below the highest bar. The quota's line is in
 * the picture if that leaves the bars readable.
 */
export function top(highest: number, quota: number | null): { top: number; line: boolean } {
  const line = quota !== null && quota > 0 && quota <= Math.max(highest, 1) * 4;
  return { top: round(line ? Math.max(highest, quota) : highest), line };
}

/** The next number of the kind 1, 2, 5, 10, 20, … that is not below n. */
export function round(n: number): number {
  if (n <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= n)!;
}

/** The part of a quota that is used, 0–1. */
export function share(used: number, limit: number | null): number {
  if (!limit) return 0;
  return Math.min(1, used / limit);
}
