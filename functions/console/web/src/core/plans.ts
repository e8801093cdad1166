// Plans in words: what one allows, and what another would allow instead.

import type { Limit, Plan } from "./config";
import { count, per } from "./durations";
import { number } from "./format";

/** "1,000 per hour", or "5 at a time" for a level. */
export function limitWords(limit: Limit | undefined): string {
  if (!limit) return "–";
  return limit.window > 0 ? `${number(limit.limit)} per ${per(limit.window)}` : `${number(limit.limit)} at a time`;
}

/** Names of the limits that any plan has, in the order of the plans. */
export function limitNames(plans: Plan[]): string[] {
  return [...new Set(plans.flatMap((plan) => Object.keys(plan.limits)))];
}

/** What another plan would change: "7 more keys, 10 times the requests". */
export function compared(now: Plan, other: Plan): string {
  const parts: string[] = [];
  const keys = other.keys - now.keys;
  if (keys !== 0) parts.push(`${count(Math.abs(keys), keys > 0 ? "more key" : "fewer key")}`);
  for (const name of limitNames([now, other])) {
    const share = rate(other.limits[name]) / rate(now.limits[name]);
    if (!Number.isFinite(share) || share === 1) continue;
    parts.push(share > 1 ? `${times(share)} the ${name}` : `1/${times(1 / share).replace(" times", "")} of the ${name}`);
  }
  return parts.join(", ") || "the same";
}

function rate(limit: Limit | undefined): number {
  return limit ? limit.limit / (limit.window || 1) : NaN;
}

function times(share: number): string {
  return share === 2 ? "twice" : `${number(Math.round(share * 10) / 10)} times`;
}
