// The session of this page. The access token is in memory only. A cookie, which scripts
// cannot read, renews it.

import { ApiError, errorFrom, messageOf } from "./errors";
import { isObject, type Answers } from "./answers";

export interface SessionInfo {
  id: string;
  method: "key" | "link" | "oidc";
  org: string;
  user: string;
  role: string;
  created_at: string;
  renewed_at: string;
  idle_until: string;
  ends_at: string;
  /** The key that it began with, if it began with one. */
  key: string | null;
  label: string | null;
  current: boolean;
}

export interface Choice {
  choice: string;
  orgs: { org: string; name: string; role: string }[];
}

export type SignIn =
  | { key: string }
  | { link: string }
  | { oidc: { code: string; state: string } | { choice: string; org: string } | Record<string, never> };

export type Started = { kind: "in" } | { kind: "authorize"; url: string } | { kind: "choice"; choice: Choice };

export interface SessionDeps {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds that only grow. */
  now: () => number;
  /** Address of a route of the session: "start", "renew" or "end". */
  address: (what: string) => string;
  answers?: Answers | undefined;
}

/** Seconds before its end from which on a token is renewed before it is used. */
const early = 20;

export class Session {
  info: SessionInfo | null = null;
  /** Called when the session has ended by itself: not by end. */
  onEnded: () => void = () => {};
  /** Called when the cookie has become that of another member: they signed in in another tab. */
  onOther: () => void = () => {};
  private readonly deps: SessionDeps;
  private access = "";
  private until = 0; // by deps.now
  private renewing: Promise<void> | null = null;

  constructor(deps: SessionDeps) {
    this.deps = deps;
  }

  get active(): boolean {
    return this.access !== "";
  }

  /** Milliseconds until the token should be renewed. */
  get renewIn(): number {
    return Math.max(0, this.until - this.deps.now() - early * 1000);
  }

  /** Signs in, or begins OpenID Connect. Throws an ApiError. */
  async start(how: SignIn): Promise<Started> {
    const answer = await this.post("start", how);
    if (isObject(answer) && typeof answer.authorize === "string") return { kind: "authorize", url: answer.authorize };
    if (isObject(answer) && typeof answer.choice === "string") return { kind: "choice", choice: answer as unknown as Choice };
    this.take(answer);
    return { kind: "in" };
  }

  /**
   * Gets a new token by the cookie. Callers at the same time share one request. Throws an
   * ApiError: of kind expired if there is no session, of another kind if that is not known.
   */
  renew(): Promise<void> {
    this.renewing ??= this.renewOnce().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** Returns a token that is good for a while, renewed first if it is not. */
  async token(): Promise<string> {
    if (!this.active || this.renewIn === 0) {
      try {
        await this.renew();
      } catch (error) {
        const later = error instanceof ApiError && ["offline", "down", "limited"].includes(error.kind);
        if (!later || this.deps.now() >= this.until) throw error;
      }
    }
    return this.access;
  }

  /** Ends the session here, and by the cookie. The page forgets the token in any case. */
  async end(): Promise<void> {
    this.forget();
    await this.post("end", {});
  }

  /** Forgets the session in this page: it has ended. */
  forget(): void {
    this.access = "";
    this.until = 0;
    this.info = null;
  }

  private async renewOnce(): Promise<void> {
    const was = this.active;
    const before = this.info;
    try {
      this.take(await this.post("renew", {}));
    } catch (error) {
      if (error instanceof ApiError && error.kind === "forbidden") {
        this.forget();
        if (was) this.onEnded();
        throw new ApiError("expired", messageOf("expired"), error.status);
      }
      throw error;
    }
    if (before && (before.org !== this.info?.org || before.user !== this.info.user)) {
      this.onOther();
      // What was to be sent was meant by the member before.
      throw new ApiError("conflict", "Somebody else signed in in this browser, so this was not sent.");
    }
  }

  private take(answer: unknown): void {
    if (!isObject(answer) || typeof answer.access_token !== "string" || !isObject(answer.session)) {
      throw new ApiError("failed", messageOf("failed"));
    }
    const info = answer.session as unknown as SessionInfo;
    // The life of the token is between two times of the server, so a wrong clock here does no harm.
    const life = Date.parse(String(answer.expires_at)) - Date.parse(info.renewed_at);
    this.access = answer.access_token;
    this.until = this.deps.now() + (life > 0 ? Math.min(life, 300_000) : 240_000);
    this.info = info;
  }

  private async post(what: string, body: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await this.deps.fetch(this.deps.address(what), {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
      });
    } catch {
      throw new ApiError("offline", messageOf("offline"));
    }
    if (response.status === 204) return null;
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) throw errorFrom(this.deps.answers, response.status, answer, (name) => response.headers.get(name));
    return answer;
  }
}
