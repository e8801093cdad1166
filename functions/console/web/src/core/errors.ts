// Failures as people meet them. Contracts give errors their own codes and statuses, so the
// kind is decided from the status and from what the session says.

import { at, isObject, type Answers } from "./answers";

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

/** Turns an error answer into an ApiError. The body may be anything: gateways answer, too. */
export function errorFrom(answers: Answers | undefined, status: number, body: unknown, header: (name: string) => string | null): ApiError {
  const kind = kindOf(status);
  const said = text(at(answers?.message, body)) || (isObject(body) ? text(body.message) || text(body.error) : "");
  const error = new ApiError(kind, said || fallback[kind], status);
  error.code = text(at(answers?.code, body)) || (isObject(body) ? text(body.code) : "");
  error.requestId = header("X-Request-Id") ?? "";
  error.retryAfter = Number(header("Retry-After")) || 0;
  error.details = at(answers?.details, body) ?? (isObject(body) ? body.details : null) ?? null;
  readProblems(error, error.details);
  if (kind === "invalid" && Object.keys(error.fields).length === 0 && error.form.length === 0) error.fields = inLine(said);
  return error;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readProblems(error: ApiError, details: unknown): void {
  if (!isObject(details)) return;
  if (isObject(details.fieldErrors)) {
    for (const [field, problems] of Object.entries(details.fieldErrors)) {
      if (Array.isArray(problems)) for (const one of problems) add(error.fields, field, String(one));
    }
  }
  if (Array.isArray(details.formErrors)) error.form = details.formErrors.map(String);
}

// A problem of "leagues[0]" is shown at the field leagues, with the number of the entry.
function add(fields: Record<string, string[]>, field: string, problem: string): string {
  const [, name = field, index] = /^(.+)\[(\d+)\]$/.exec(field) ?? [];
  (fields[name] ??= []).push(index === undefined ? problem : `entry ${Number(index) + 1}: ${problem}`);
  return name;
}

// A contract may put the message and the problems into one line:
// "message: field: problem; field: problem". A problem may have a semicolon itself.
function inLine(line: string): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  const field = /^([a-z][a-z_]*(?:\[\d+\])?): (.+)$/;
  const rest = line.slice(line.indexOf(": ") + 2);
  let last = "";
  for (const part of (field.test(rest) ? rest : line).split("; ")) {
    const found = field.exec(part);
    if (found) {
      last = add(fields, found[1]!, found[2]!);
    } else if (last) {
      fields[last]!.push(`${fields[last]!.pop()!}; ${part}`);
    }
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
