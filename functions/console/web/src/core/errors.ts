// Failures as people meet them. Contracts give errors their own codes and statuses, so the
// kind is decided from the status and from what the session says.

import { isObject, slotsOf, type Shape } from "./shapes";

export type Kind =
  | "offline" // no answer
  | "expired" // the session has ended
  | "forbidden"
  | "missing" // not found
  | "conflict"
  | "invalid" // bad input
  | "limited" // too many requests
  | "down" // the service does not work
  | "failed"; // anything else

export class ApiError extends Error {
  kind: Kind;
  status: number;
  code = "";
  /** Field → problems. */
  fields: Record<string, string[]> = {};
  /** Problems of the whole form. */
  form: string[] = [];
  details: unknown = null;
  requestId = "";
  /** Seconds until another attempt makes sense; 0 if unknown. */
  retryAfter = 0;

  constructor(kind: Kind, message: string, status = 0) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.status = status;
  }
}

export function kindOf(status: number): Kind {
  switch (true) {
    case status === 401 || status === 403:
      return "forbidden";
    case status === 404:
      return "missing";
    case status === 409 || status === 412:
      return "conflict";
    case status === 429:
      return "limited";
    case status >= 400 && status < 500:
      return "invalid";
    case status >= 500:
      return "down";
  }
  return "failed";
}

const fallback: Record<Kind, string> = {
  offline: "The service did not answer. Check your connection.",
  expired: "Your session has ended. Sign in again.",
  forbidden: "You may not do this.",
  missing: "This does not exist, or you may not see it.",
  conflict: "Something else changed at the same time. Look at the current state and try again.",
  invalid: "The service did not accept this.",
  limited: "Too many requests. Wait a moment.",
  down: "The service does not work at the moment.",
  failed: "The service answered something unexpected.",
};

export function messageOf(kind: Kind): string {
  return fallback[kind];
}

/** Turns an error answer into an ApiError. The body may be anything. */
export function errorFrom(shape: Shape | undefined, status: number, body: unknown, header: (name: string) => string | null): ApiError {
  const kind = kindOf(status);
  const slots = slotsOf(shape, body) ?? loose(body);
  const message = text(slots.message) || summaryMessage(slots) || fallback[kind];
  const error = new ApiError(kind, message, status);
  error.code = text(slots.code);
  error.requestId = header("X-Request-Id") ?? text(slots.request_id);
  error.retryAfter = Number(header("Retry-After")) || 0;
  error.details = slots.details ?? null;
  readProblems(error, slots.details);
  if (typeof slots.summary === "string") error.fields = summaryFields(slots.summary);
  return error;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Reads an error whose shape is not known: gateways and the session routes may send others. */
function loose(body: unknown): Record<string, unknown> {
  if (!isObject(body)) return {};
  const message = body.message ?? body.error;
  return { code: body.code ?? (body.message ? body.error : ""), message, details: body.details, request_id: body.request_id };
}

function readProblems(error: ApiError, details: unknown): void {
  if (!isObject(details)) return;
  if (isObject(details.fieldErrors)) {
    for (const [field, problems] of Object.entries(details.fieldErrors)) {
      if (Array.isArray(problems)) error.fields[field] = problems.map(String);
    }
  }
  if (Array.isArray(details.formErrors)) error.form = details.formErrors.map(String);
}

// A contract may put message and problems into one line: "message: field: problem; field: problem".

function summaryMessage(slots: Record<string, unknown>): string {
  return sentence(text(slots.summary));
}

function summaryFields(summary: string): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  const start = summary.indexOf(": ");
  if (start < 0) return fields;
  for (const part of summary.slice(start + 2).split("; ")) {
    const match = /^([a-z_]+): (.+)$/.exec(part);
    if (match) (fields[match[1]!] ??= []).push(match[2]!);
  }
  return fields;
}

/** Returns the text with a capital at its beginning, unless it begins with a name of a field. */
export function sentence(message: string): string {
  return /^[a-z]+ /.test(message) ? message[0]!.toUpperCase() + message.slice(1) : message;
}

/**
 * Returns the id of the key that an earlier attempt made, if the error says that the
 * Idempotency-Key was used for it; else "".
 */
export function madeBefore(error: ApiError): string {
  if (error.kind !== "conflict") return "";
  if (isObject(error.details) && typeof error.details.key === "string") return error.details.key;
  const match = typeof error.details === "string" || error.details === null ? /\bkey: (key_[A-Za-z0-9]+)/.exec(error.message) : null;
  return match ? match[1]! : "";
}
