// The end of a key, as the contract has it.

import type { Config } from "./config";
import { durationWords, seconds, secondsWords } from "./durations";

/** A choice in the form: a duration, "" for none, "at" for an explicit time, "keep" for the present one. */
export type ExpiryChoice = string;

export interface ExpiryOption {
  value: ExpiryChoice;
  label: string;
}

/** The choices of a contract. With keep, the present end is one of them. */
export function expiryOptions(keys: Config["keys"], keep: boolean): ExpiryOption[] {
  const lives = keys.expiry_choices?.length ? keys.expiry_choices : ["30d", "60d", "90d", "1y"].filter((one) => keys.max_life === 0 || seconds(one) <= keys.max_life);
  const options = lives.map((one) => ({ value: one, label: `In ${durationWords(one)}` }));
  if (!keys.expiry_required) options.unshift({ value: "", label: "Never" });
  if (keep) options.unshift({ value: "keep", label: "As it is" });
  options.push({ value: "at", label: "At another time" });
  return options;
}

/** The fields of the request that a choice stands for. at is a local time as forms have it. */
export function expiryBody(choice: ExpiryChoice, at: string, removes: boolean): Record<string, unknown> {
  if (choice === "keep") return {};
  if (choice === "") return removes ? { expires_at: null } : {};
  if (choice === "at") return { expires_at: new Date(at).toISOString() };
  return { expires_in: choice };
}

/** What is wrong with an explicit time; "" if nothing is. */
export function expiryProblem(choice: ExpiryChoice, at: string, keys: Config["keys"], now: number): string {
  if (choice !== "at") return "";
  const time = at === "" ? NaN : new Date(at).getTime();
  if (Number.isNaN(time)) return "Choose a day and a time";
  if (time <= now) return "Must be in the future";
  if (keys.max_life > 0 && time > now + keys.max_life * 1000) return `Must be at most ${secondsWords(keys.max_life)} from now`;
  return "";
}

/** The rule of the contract in one line. */
export function expiryHint(keys: Config["keys"]): string {
  const most = keys.max_life > 0 ? `at most ${secondsWords(keys.max_life)} from now` : "";
  if (keys.expiry_required) return most ? `Keys must expire, ${most}.` : "Keys must expire.";
  return most ? `An expiry is ${most}.` : "";
}

/** A time as the value of a form's local time. */
export function localTime(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
