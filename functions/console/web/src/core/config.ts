// The deployment's configuration, which the function writes into the page. Nothing in the
// console names a product: names, scopes, plans and routes all come from here.

import type { Shape } from "./shapes";

export interface Scope {
  name: string;
  description?: string;
  /** Permission patterns that the scope grants, such as "matches:read"; nouns for resources of a grid. */
  permissions?: string[];
  /** Whether the scope is for key management. */
  management?: boolean;
  /** Approval without which the scope grants nothing: "general" or "game". */
  needs?: string;
}

export interface Verb {
  name: string;
  /** Verb of the permissions: read or write. */
  verb: string;
  description?: string;
}

export type ScopeStyle = "list" | "grid" | "levels" | "role";

export interface Scopes {
  style: ScopeStyle;
  /** Every scope that a key may be given, data scopes first. */
  names: Scope[];
  default?: string[];
  verbs?: Verb[];
  resources?: Scope[];
}

export interface Limit {
  limit: number;
  /** Seconds; 0 for a level, such as connections at a time. */
  window: number;
}

export interface Plan {
  name: string;
  /** Active client keys at most. */
  keys: number;
  limits: Record<string, Limit>;
}

export interface Operation {
  method: string;
  /** Path with parameters in braces. */
  path: string;
  /** Parameter or field → the contract's name for it. */
  names?: Record<string, string>;
  permissions?: string[];
  summary?: string;
}

export interface Config {
  /** Short name of the contract, as in file names. */
  contract: string;
  /** Name of the product for people. */
  product: string;
  base: string;
  stage_path?: string;
  environment: string;
  secret: { prefix: string; show_last: number };
  /** How a secret is sent: bearer, x-api-key or api_key. */
  transports?: string[];
  scopes: Scopes;
  plans: Plan[];
  default_plan: string;
  keys: {
    expiry_required: boolean;
    expiry_choices?: string[];
    /** Seconds; 0 is unbounded. */
    max_life: number;
    /** Seconds; 0 allows no overlap. */
    max_overlap: number;
  };
  operations: Record<string, Operation>;
  oidc?: boolean;
  members?: { roles: string[] };
  webhooks?: boolean;
  shapes?: { error?: Shape; item?: Shape; list?: Shape };
  paging?: { style: "cursor" | "page" | "offset"; limit?: { default: number; max: number } };
}

/** Reads the configuration from the text of the page; an error says what is missing. */
export function parseConfig(text: string | null): Config {
  if (!text) throw new Error("the page has no configuration");
  const config = JSON.parse(text) as Config;
  for (const name of ["base", "operations", "scopes", "plans", "keys"] as const) {
    if (config[name] === undefined || config[name] === null) throw new Error(`the configuration has no ${name}`);
  }
  config.secret ??= { prefix: "", show_last: 0 };
  config.product ||= config.contract;
  return config;
}

/** Returns the plan of that name, or undefined. */
export function planOf(config: Config, name: string): Plan | undefined {
  return config.plans.find((plan) => plan.name === name);
}

/** The name of the environment variable that examples keep a key in. */
export function variableName(config: Config): string {
  return `${config.contract.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_API_KEY`;
}
