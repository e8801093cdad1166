// Webhooks, and what people choose for them.

import { seconds } from "./durations";

export interface Webhook {
  id: string;
  org: string;
  url: string;
  description: string;
  types: string[];
  leagues: string[];
  teams: string[];
  state: "enabled" | "disabled";
  reason: string | null;
  created_at: string;
  created_by: string;
  updated_at: string;
  failing_since: string | null;
  rotated_at: string | null;
  previous_expires_at: string | null;
}

export interface CreatedWebhook extends Webhook {
  signing_secret: string;
}

export interface Delivery {
  id: string;
  webhook: string;
  event: string;
  type: string;
  state: "pending" | "delivered" | "failed" | "canceled";
  created_at: string;
  attempts: number;
  tried_at: string | null;
  status: number | null;
  error: string | null;
  next_at: string | null;
}

/** How long the secret before a rotation may sign, at most. */
export const longestOverlap = 7 * 86_400;

/** Whether a text is an overlap that the service accepts. */
export function isOverlap(text: string): boolean {
  return seconds(text) > 0 && seconds(text) <= longestOverlap;
}

/** Reads ids that are separated by commas, spaces or lines; each once. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

/** Whether a delivery has ended, so that it can be sent again. */
export function hasEnded(delivery: Delivery): boolean {
  return delivery.state !== "pending";
}

/** What the receiver answered to the last attempt, in a few words. */
export function answerOf(delivery: Delivery): string {
  if (delivery.attempts === 0) return "not tried yet";
  if (delivery.status !== null) return `HTTP ${delivery.status}`;
  return delivery.error ? "no answer" : "–";
}
