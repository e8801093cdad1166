// What the tests share: the configurations of real contracts, and a service that answers as
// it is told.

import { readFileSync } from "node:fs";
import { Client } from "../src/core/client";
import { parseConfig, type Config } from "../src/core/config";
import { Session } from "../src/core/session";

const directory = process.env.CONSOLE_CASES ?? "";

/** Reads a file that the Go test wrote. */
export function cases<T>(name: string): T {
  return JSON.parse(readFileSync(`${directory}/${name}.json`, "utf8")) as T;
}

/** The configuration of a preset, as the function writes it into the page. */
export function configOf(contract: string): Config {
  return parseConfig(readFileSync(`${directory}/${contract}.json`, "utf8"));
}

export const contracts = ["statgate", "balla", "fullengage", "scorelytics", "teambattles"];

export interface Call {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | "lost";

/** A service that gives its answers in order, and records the calls. */
export class Service {
  calls: Call[] = [];
  constructor(public answers: Answer[]) {}

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.calls.push({ url, method: init.method ?? "GET", headers: (init.headers ?? {}) as Record<string, string>, body: init.body ? JSON.parse(init.body as string) : null });
    await Promise.resolve();
    const answer = this.answers.shift();
    if (!answer || answer === "lost") throw new TypeError("no network");
    return new Response(answer.status === 204 ? null : JSON.stringify(answer.body ?? {}), { status: answer.status, headers: answer.headers ?? {} });
  };
}

export interface World {
  api: Client;
  session: Session;
  service: Service;
  signIn: Service;
  waits: number[];
  pass: (seconds: number) => void;
}

/** A signed-in page of a contract. */
export async function signedIn(contract: string, answers: Answer[], renewals: Answer[] = []): Promise<World> {
  const service = new Service(answers);
  const signIn = new Service([session("token-1"), ...renewals]);
  const waits: number[] = [];
  let now = 0;
  const config = configOf(contract);
  const made = new Session({ fetch: signIn.fetch, now: () => now, address: (what) => `/console/session/${what}`, answers: config.answers });
  await made.start({ key: "secret" });
  const api = new Client({ config, tokens: made, fetch: service.fetch, address: (path) => path, wait: async (ms) => void waits.push(ms) });
  return { api, session: made, service, signIn, waits, pass: (seconds) => void (now += seconds * 1000) };
}

/** A session answer whose token lasts five minutes. */
export function session(token: string): Answer {
  return {
    status: 200,
    body: {
      access_token: token,
      expires_at: "2026-03-01T12:05:00Z",
      session: { id: "ses_1", method: "key", org: "org_1", user: "usr_1", role: "owner", created_at: "2026-03-01T11:00:00Z", renewed_at: "2026-03-01T12:00:00Z", idle_until: "2026-03-01T20:00:00Z", ends_at: "2026-03-02T11:00:00Z", key: "key_1", label: null, current: true },
    },
  };
}
