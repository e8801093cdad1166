// What people take along when a secret is shown: a file for their environment, and a line
// to try it with.

import { variableName, type Config } from "./config";

/** The text of a .env file with the secret. */
export function envFile(config: Config, secret: string): string {
  return `${variableName(config)}=${secret}\n`;
}

/** The header that carries a secret, with the variable in place of the secret. */
export function authHeader(config: Config): string {
  const secret = `$${variableName(config)}`;
  const transports = config.transports;
  return transports.includes("bearer") ? `Authorization: Bearer ${secret}` : `X-API-Key: ${secret}`;
}

/** A curl line that calls an address with the key in the environment. */
export function curl(config: Config, address: string): string {
  return `curl -H "${authHeader(config)}" "${address}"`;
}

/** Lists that have nothing to show in a new organisation, or on a quiet day. */
const quiet = ["listChanges", "listWebhooks"];

/**
 * The operation that a new key can try: the first that lists data without further input and
 * that its permissions allow, else the one that describes the key.
 */
export function trial(config: Config, may: (permissions: string[]) => boolean): string {
  for (const [name, op] of Object.entries(config.operations)) {
    const simple = op.method === "GET" && name.startsWith("list") && !op.path.includes("{") && !op.management && !quiet.includes(name);
    if (simple && op.permissions.length > 0 && may(op.permissions)) return name;
  }
  return "getSelf";
}
