// The client of the public API. It sends the session's token, renews it once when it is
// refused, and repeats what may be repeated.

import type { Config, Operation } from "./config";
import { ApiError, errorFrom, messageOf } from "./errors";
import { readItem, readList, usual, type Answers } from "./answers";
import { named } from "./views";

export interface Tokens {
  token(): Promise<string>;
  renew(): Promise<void>;
}

export interface ClientDeps {
  config: Config;
  tokens: Tokens;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  wait: (milliseconds: number) => Promise<void>;
  /** Address of a path of the API. */
  address: (path: string) => string;
}

export type Values = Record<string, unknown>;

export interface Input {
  /** Parameters of the path. */
  params?: Record<string, string>;
  query?: Values;
  body?: Values | undefined;
  /** Idempotency-Key: the same for every attempt to do the same thing. */
  once?: string;
  signal?: AbortSignal;
}

export interface Page<T> {
  items: T[];
  /** Position of the next page, null on the last page. */
  next: string | null;
  total: number | null;
}

export interface Answer {
  body: unknown;
  status: number;
  header: (name: string) => string | null;
}

const attempts = 3;
const mostReads = 10; // requests for one page
const longestWait = 4000; // milliseconds, for Retry-After

export class Client {
  private readonly deps: ClientDeps;

  constructor(deps: ClientDeps) {
    this.deps = deps;
  }

  /** Whether the deployment has the operation. */
  has(operation: string): boolean {
    return operation in this.deps.config.operations;
  }

  /** Calls an operation and returns its object. Throws an ApiError. */
  async call<T>(operation: string, input: Input = {}): Promise<T> {
    const answer = await this.send(operation, input);
    return named(this.deps.config.views, operation, readItem(this.answers(operation), answer.body)) as T;
  }

  /** Calls an operation that returns a list, for the page at a position; "" is the first. */
  async list<T>(operation: string, input: Input = {}, at = "", limit = 25): Promise<Page<T>> {
    let page = await this.page<T>(operation, input, at, limit);
    // A filter may leave out all that one request reads.
    for (let read = 1; page.items.length === 0 && page.next !== null && read < mostReads; read++) page = await this.page<T>(operation, input, page.next, limit);
    return page;
  }

  private async page<T>(operation: string, input: Input, at: string, limit: number): Promise<Page<T>> {
    const pages = this.operation(operation).one_page ? {} : { limit, ...this.position(at) };
    const found = await this.send(operation, { ...input, query: { ...input.query, ...pages } });
    const list = readList(this.answers(operation), found.body);
    list.items = list.items.map((one) => named(this.deps.config.views, operation, one));
    if (this.operation(operation).one_page) return { items: list.items as T[], total: list.items.length, next: null };
    return { items: list.items as T[], total: list.total, next: list.cursors ? list.next : counted(this.answers(operation), list.items.length, list.total, at, limit) };
  }

  /** Calls an operation that returns a list until its end, or until there are as many as most. */
  async all<T>(operation: string, input: Input = {}, most = 500): Promise<T[]> {
    const items: T[] = [];
    let at = "";
    do {
      const page = await this.list<T>(operation, input, at, 100);
      items.push(...page.items);
      at = page.next ?? "";
    } while (at !== "" && items.length < most);
    return items;
  }

  /** Calls getSelf with another secret, which is neither kept nor renewed. */
  async whoAmI<T>(secret: string): Promise<T> {
    const response = await this.attempt(this.operation("getSelf"), {}, secret);
    const answer = await this.read(response);
    return readItem(this.answers("getSelf"), answer.body) as T;
  }

  /** Calls an operation with the session's token, and returns the answer as it came. */
  async send(operation: string, input: Input = {}): Promise<Answer> {
    const op = this.operation(operation);
    const repeatable = op.method !== "POST" || input.once !== undefined;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      let wait = 300 * attempt;
      try {
        const response = await this.attempt(op, input, await this.deps.tokens.token());
        if (response.status === 401 && !renewed) {
          renewed = true;
          attempt--;
          await this.deps.tokens.renew(); // says so if the session has ended; else the refusal is about the request
          continue;
        }
        if (response.status !== 503 || !repeatable || attempt === attempts) return await this.read(response);
        wait = Math.max(wait, (Number(response.headers.get("Retry-After")) || 0) * 1000);
        if (wait > longestWait) return await this.read(response);
      } catch (error) {
        const lost = error instanceof ApiError && error.kind === "offline";
        if (!lost || !repeatable || attempt === attempts || input.signal?.aborted) throw error;
      }
      await this.deps.wait(wait);
    }
  }

  /** The request that an operation with this input is: for examples, too. */
  request(operation: string, input: Input): { method: string; path: string; body: string | undefined } {
    const op = this.operation(operation);
    const name = (ours: string): string => op.names?.[ours] ?? ours;
    let path = op.path.replace(/\{(\w+)\}/g, (_, parameter: string) => segment(input.params?.[parameter] ?? ""));
    const query = new URLSearchParams();
    for (const [ours, value] of Object.entries(input.query ?? {})) {
      if (value !== undefined && value !== null && value !== "") query.set(name(ours), String(value));
    }
    if ([...query.keys()].length > 0) path += `?${query.toString()}`;
    const body: Values = {};
    for (const [ours, value] of Object.entries(input.body ?? {})) {
      if (value !== undefined) body[name(ours)] = value;
    }
    return { method: op.method, path, body: input.body ? JSON.stringify(body) : undefined };
  }

  private operation(name: string): Operation {
    const found = this.deps.config.operations[name];
    if (!found) throw new ApiError("missing", "This deployment does not have this operation.");
    return found;
  }

  private async attempt(op: Operation, input: Input, secret: string): Promise<Response> {
    const request = this.request(this.nameOf(op), input);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (request.body !== undefined) headers["Content-Type"] = "application/json";
    if (input.once) headers["Idempotency-Key"] = input.once;
    let path = request.path;
    const transports = this.deps.config.transports;
    if (transports.includes("bearer")) headers.Authorization = `Bearer ${secret}`;
    else if (transports.includes("x-api-key")) headers["X-API-Key"] = secret;
    else path += `${path.includes("?") ? "&" : "?"}api_key=${encodeURIComponent(secret)}`;
    const init: RequestInit = { method: request.method, headers, credentials: "omit", cache: "no-store", redirect: "error" };
    if (request.body !== undefined) init.body = request.body;
    if (input.signal) init.signal = input.signal;
    try {
      return await this.deps.fetch(this.deps.address(path), init);
    } catch (error) {
      if (input.signal?.aborted) throw error;
      throw new ApiError("offline", messageOf("offline"));
    }
  }

  private nameOf(op: Operation): string {
    return Object.keys(this.deps.config.operations).find((name) => this.deps.config.operations[name] === op) ?? "";
  }

  private async read(response: Response): Promise<Answer> {
    const header = (name: string): string | null => response.headers.get(name);
    const text = await response.text().catch(() => "");
    let body: unknown = null;
    try {
      body = text === "" ? null : (JSON.parse(text) as unknown);
    } catch {
      if (response.ok) throw new ApiError("failed", messageOf("failed"), response.status);
    }
    if (!response.ok) throw errorFrom(this.deps.config.answers, response.status, body, header);
    return { body, status: response.status, header };
  }

  // Lists are paged by cursor, or as the contract pages them: the answer shows which. A position is
  // a cursor, or "page=2" or "offset=50".

  private position(at: string): Values {
    const counted = /^(page|offset)=(\d+)$/.exec(at);
    if (counted) return { [counted[1]!]: Number(counted[2]) };
    return at === "" ? {} : { cursor: at };
  }

  // Data may be in another envelope than key management, and single operations have their own.
  private answers(operation: string): Answers {
    const { answers = usual, data, operations } = this.deps.config;
    const own = operations[operation]?.answers;
    if (own) return own;
    return operations[operation]?.management === false ? (data ?? answers) : answers;
  }
}

// A browser resolves the segments . and .. even if they are encoded: a link to such an id would
// make the page call another operation. No object has such an id.
function segment(value: string): string {
  if (/^\.\.?$/.test(value)) throw new ApiError("missing", messageOf("missing"));
  return encodeURIComponent(value);
}

// Where operators name the organisation, for operations whose path does not.
const organised: Record<string, "query" | "body"> = { listKeys: "query", createKey: "body", listAudit: "query" };

/** Returns a client of the same session that asks for the keys and the trail of another organisation. */
export function forOrg(api: Client, org: string): Client {
  const other = Object.create(api) as Client;
  other.request = (operation, input) => {
    const where = organised[operation];
    return api.request(operation, where ? { ...input, [where]: { ...input[where], org } } : input);
  };
  return other;
}

function counted(answers: Answers, length: number, total: number | null, at: string, limit: number): string | null {
  const style = answers.paging === "page" ? "page" : "offset";
  const place = Number(/=(\d+)$/.exec(at)?.[1] ?? (style === "page" ? 1 : 0));
  const seen = style === "page" ? place * limit : place + length;
  const more = length > 0 && (total === null ? length === limit : seen < total);
  if (!more) return null;
  return style === "page" ? `page=${place + 1}` : `offset=${seen}`;
}
