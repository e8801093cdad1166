// The deployment's configuration, which the function writes into the page. Nothing in the
// console names a product: names, scopes, plans and routes all come from here.

import type { Answers } from "./answers";
import type { View } from "./views";

export interface Scope {
  name: string;
  description: string;
  /** Permissions that the scope grants by itself, such as "matches:read". */
  permissions: string[];
  /** Whether the scope is for key management. */
  management: boolean;
  /** Approval without which the scope grants nothing: "general", "game" or "". */
  needs: string;
}

/** A choice of scopes of which a key has at most one. */
export interface Level {
  category: string;
  name: string;
  description: string;
  needs: string;
  /** Those that grant the least first. */
  scopes: string[];
}

export type ScopeStyle = "list" | "grid" | "levels" | "role";

export interface Scopes {
  style: ScopeStyle;
  /** Every scope that a key may be given, data scopes first. */
  names: Scope[];
  default: string[];
  /** Names of a grid's verbs and resources. */
  verbs: string[];
  resources: string[];
  levels: Level[];
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
  /** Path with the base, and with parameters in braces. */
  path: string;
  /** Parameter or field → the contract's name for it. */
  names?: Record<string, string> | null;
  /** Any one is enough; empty for any key. */
  permissions: string[];
  /** False for operations of data, whose answers may have another envelope. */
  management?: boolean;
  summary?: string;
  /** Where the parts of its answers are, if it has an envelope of its own. */
  answers?: Answers;
  /** Whether it is a list without parameters of pages. */
  one_page?: boolean;
}

/** What people choose for a webhook. */
export interface WebhookChoices {
  /** Whether a webhook can select leagues and teams. */
  filters: boolean;
  /** Whether a webhook must list its types of event. */
  explicit: boolean;
  /** Seconds that the secret before every rotation also signs; 0: people choose. */
  overlap: number;
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
  transports: string[];
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
  /** Where the parts of an answer of key management, and of any error, are. */
  answers?: Answers;
  /** Where the parts of other answers are. */
  data?: Answers;
  webhook?: WebhookChoices;
  /** Views of objects of data, by object. */
  views?: Record<string, View>;
  /** Types of event that webhooks can receive. */
  events?: { type: string; summary: string }[];
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

/** Seconds of the window in which a plan counts requests; 0 if the plan is not known. */
export function windowOf(config: Config, plan: string): number {
  return planOf(config, plan)?.limits.requests?.window ?? 0;
}
