// Webhooks, and what people choose for them.

import type { Config, WebhookChoices } from "./config";
import { seconds } from "./durations";

/** A webhook. A contract may not show the fields that are optional. */
export interface Webhook {
  id: string;
  org?: string;
  url: string;
  description: string;
  types: string[];
  leagues?: string[];
  teams?: string[];
  state: "enabled" | "disabled";
  reason: string | null;
  created_at: string;
  created_by?: string;
  updated_at: string;
  failing_since: string | null;
  rotated_at: string | null;
  previous_expires_at: string | null;
}

/** A webhook with its signing secret. */
export interface CreatedWebhook {
  id: string;
  signing_secret: string;
  rotated_at?: string | null;
  previous_expires_at?: string | null;
}

export interface Delivery {
  id: string;
  webhook?: string;
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

/** What people choose for a webhook of this deployment. */
export function choicesOf(config: Config): WebhookChoices {
  return config.webhook ?? { filters: true, explicit: false, overlap: 0 };
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
