// How numbers, times and secrets are written. Times are in the viewer's zone; the exact one
// is in UTC.

import { count } from "./durations";

const numbers = new Intl.NumberFormat("en");

export function number(n: number): string {
  return numbers.format(n);
}

const dayTime = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const dayOnly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const hourOnly = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const hourOfDay = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const dateTime = (iso: string): string => dayTime.format(new Date(iso));
export const date = (iso: string): string => dayOnly.format(new Date(iso));
export const clock = (iso: string): string => hourOnly.format(new Date(iso));
export const hourLabel = (iso: string): string => hourOfDay.format(new Date(iso));

/** Writes a day that is a UTC day, without moving it into the viewer's zone. */
export function utcDay(iso: string): string {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(iso));
}

/** The exact time in UTC: "2026-03-01 12:00:00 UTC". */
export function exactUTC(iso: string): string {
  return new Date(iso).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

const steps: [number, string][] = [
  [31536000, "year"],
  [2592000, "month"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** Writes how far a time is from now: "3 hours ago", "in 5 minutes". */
export function relative(iso: string, now: number): string {
  const distance = Math.round((Date.parse(iso) - now) / 1000);
  const size = Math.abs(distance);
  for (const [seconds, noun] of steps) {
    if (size >= seconds) {
      const text = count(distance < 0 ? Math.floor(size / seconds) : Math.round(size / seconds), noun);
      return distance < 0 ? `${text} ago` : `in ${text}`;
    }
  }
  if (size < 5) return "now";
  return distance < 0 ? "just now" : "in under a minute";
}

/** Writes what is left until a time as a clock: "4:05", "1:04:05". */
export function countdown(milliseconds: number): string {
  const left = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor(left / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}

/** What lists show of a secret: its prefix and last characters. */
export function preview(prefix: string, lastFour: string): string {
  return lastFour ? `${prefix}…${lastFour}` : `${prefix}…`;
}

/** A value of an audit entry or of metadata in one line. */
export function value(of: unknown): string {
  if (of === null || of === undefined) return "–";
  if (Array.isArray(of)) return of.length === 0 ? "none" : of.map(value).join(", ");
  if (typeof of === "string") return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(of) ? dateTime(of) : of || "–";
  if (typeof of === "object") return JSON.stringify(of);
  return String(of);
}

/** An operation's id as words: "listMatches" as "List matches". */
export function operationWords(operation: string): string {
  const words = operation.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
