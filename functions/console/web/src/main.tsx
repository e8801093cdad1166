// The console's entry: it reads the configuration from the page and draws the console.

import { render } from "preact";
import { Root } from "./app/app";
import { arrive } from "./app/arrival";
import { beside } from "./core/address";
import { Client } from "./core/client";
import { parseConfig } from "./core/config";
import { Session } from "./core/session";

const arrival = arrive(); // first: what signs in leaves the address before anything else runs
const root = document.getElementById("app")!;

try {
  start();
} catch (error) {
  const text = document.createElement("p");
  text.textContent = `The console cannot start: ${error instanceof Error ? error.message : "unknown"}.`;
  root.append(text);
}

function start(): void {
  const config = parseConfig(document.querySelector<HTMLMetaElement>('meta[name="statgate-config"]')?.content ?? null);
  document.documentElement.dataset.product = config.product;
  const page = location.origin + location.pathname;
  const call = (url: string, init: RequestInit): Promise<Response> => fetch(url, init);
  const session = new Session({
    fetch: call,
    now: () => performance.now(),
    address: (what) => beside(page, `/console/session/${what}`),
    answers: config.answers,
  });
  const address = (path: string): string => beside(page, path);
  const api = new Client({
    config,
    tokens: session,
    fetch: call,
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    address,
  });
  render(<Root config={config} session={session} api={api} address={address} arrival={arrival} />, root);
}
