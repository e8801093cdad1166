// Scopes as choices: what each reaches, who may be given it, and how those of a grid or of
// levels are arranged. The service decides; this only says beforehand what it will refuse.

import type { Config, Scope, Scopes } from "./config";

export type Role = "operator" | "owner" | "admin" | "member";

const managementNouns = ["keys", "orgs", "audit"];

/** Whether a permission reaches key management. */
export function isManagement(permission: string): boolean {
  const noun = permission.split(":")[0]!;
  return noun === "*" || managementNouns.includes(noun);
}

/** Whether the scope is one of key management. */
export function managesKeys(scope: Scope): boolean {
  return scope.management ?? (scope.permissions?.length ? scope.permissions.every(isManagement) : false);
}

/** The scopes that reach data, and those of key management. */
export function partition(scopes: Scopes): { data: Scope[]; management: Scope[] } {
  return { data: scopes.names.filter((one) => !managesKeys(one)), management: scopes.names.filter(managesKeys) };
}

/** The scope that the name is of. */
export function scopeOf(scopes: Scopes, name: string): Scope | undefined {
  return scopes.names.find((one) => one.name === name);
}

/** Permissions of one scope; a verb of a grid reaches every resource. */
export function permissionsOf(scopes: Scopes, name: string): string[] {
  const verb = scopes.verbs?.find((one) => one.name === name);
  if (verb) return (scopes.resources ?? []).flatMap((r) => (r.permissions ?? []).map((noun) => `${noun.split(":")[0]!}:${verb.verb}`));
  const resource = scopes.resources?.find((one) => one.name === name);
  if (resource) return (resource.permissions ?? []).map((noun) => `${noun.split(":")[0]!}:read`);
  return scopeOf(scopes, name)?.permissions ?? [];
}

/** Whether patterns such as "matches:*" cover a permission. */
export function covers(patterns: string[], permission: string): boolean {
  const [noun, verb] = permission.split(":");
  return patterns.some((pattern) => {
    const [n, v] = pattern.split(":");
    return (n === "*" || n === noun) && (v === "*" || v === verb);
  });
}

const writes = (permission: string): boolean => /:(write|\*)$/.test(permission);

/** Why the role cannot be given the scope; "" if it can. */
export function refusedForRole(scopes: Scopes, name: string, role: Role): string {
  if (role !== "member") return "";
  const permissions = permissionsOf(scopes, name);
  if (permissions.some(isManagement)) return "Not for keys of members";
  return permissions.some(writes) ? "Members' keys only read" : "";
}

/** The approval that a scope needs in words; "" if it needs none. */
export function needWords(scope: Scope | undefined): string {
  if (scope?.needs === "game") return "Needs approval as the developer of the key's game";
  return scope?.needs ? "Needs approval as a developer" : "";
}

/** Whether any of the scopes is for one game, so that the key must be bound to it. */
export function needsGame(scopes: Scopes, names: string[]): boolean {
  return names.some((name) => scopeOf(scopes, name)?.needs === "game");
}

/** Whether the contract has scopes that are for one game. */
export function hasGames(scopes: Scopes): boolean {
  return scopes.names.some((one) => one.needs === "game");
}

/** Whether a key with these scopes only manages, and so counts against no plan. */
export function onlyManages(scopes: Scopes, names: string[]): boolean {
  if (scopes.style === "role" || names.length === 0) return false;
  return names.every((name) => permissionsOf(scopes, name).length > 0 && permissionsOf(scopes, name).every(isManagement));
}

// Levels: a scope is spelt category.name:level. A key has one level of each; the one that
// grants nothing stands for none.

export interface LevelGroup {
  category: string;
  rows: LevelRow[];
}

export interface LevelRow {
  /** category.name */
  id: string;
  name: string;
  description: string;
  needs: string;
  levels: { level: string; scope: string; grants: boolean }[];
}

/** Arranges the scopes of a contract with levels by category and name. */
export function levelGroups(scopes: Scopes): LevelGroup[] {
  const groups: LevelGroup[] = [];
  for (const scope of partition(scopes).data) {
    const match = /^([^.]+)\.(.+):([^:]+)$/.exec(scope.name);
    if (!match) continue;
    const [, category, name, level] = match as unknown as [string, string, string, string];
    const group = find(groups, (one) => one.category === category, () => ({ category, rows: [] }));
    const id = `${category}.${name}`;
    const row = find(group.rows, (one) => one.id === id, () => ({ id, name, description: "", needs: "", levels: [] }));
    const grants = (scope.permissions?.length ?? 0) > 0;
    row.description ||= scope.description ?? "";
    row.needs ||= scope.needs ?? "";
    row.levels.push({ level, scope: scope.name, grants });
    row.levels.sort((a, b) => Number(a.grants) - Number(b.grants) || permissionCount(scopes, a.scope) - permissionCount(scopes, b.scope));
  }
  return groups;
}

function find<T>(list: T[], is: (one: T) => boolean, make: () => T): T {
  const found = list.find(is);
  if (found) return found;
  const made = make();
  list.push(made);
  return made;
}

function permissionCount(scopes: Scopes, name: string): number {
  return scopeOf(scopes, name)?.permissions?.length ?? 0;
}

/** Replaces the level of one row. A level that grants nothing is left out. */
export function setLevel(names: string[], row: LevelRow, scope: string): string[] {
  const others = names.filter((name) => !row.levels.some((one) => one.scope === name));
  return row.levels.find((one) => one.scope === scope)?.grants ? [...others, scope] : others;
}

// Grids: scopes are verbs and resources. A verb alone reaches every resource, a resource alone
// is read, and both together meet. So what a key reaches is a product: with "write" and
// "matches", matches are written, and no other.

export interface Grid {
  verbs: { name: string; verb: string; description: string }[];
  resources: { name: string; description: string }[];
}

export function gridOf(scopes: Scopes): Grid {
  return {
    verbs: (scopes.verbs ?? []).map((one) => ({ name: one.name, verb: one.verb, description: one.description ?? "" })),
    resources: (scopes.resources ?? []).map((one) => ({ name: one.name, description: one.description ?? "" })),
  };
}

/** What a key with these scopes may do with each resource: resource → verbs' names. */
export function reachOf(scopes: Scopes, names: string[]): Record<string, string[]> {
  const grid = gridOf(scopes);
  const verbs = grid.verbs.filter((one) => names.includes(one.name));
  const named = grid.resources.filter((one) => names.includes(one.name));
  const reached = named.length > 0 ? named : verbs.length > 0 ? grid.resources : [];
  const reader = grid.verbs.find((one) => one.verb === "read");
  const reach: Record<string, string[]> = {};
  for (const resource of grid.resources) {
    const can = new Set(reached.includes(resource) ? verbs.map((one) => one.name) : []);
    if (named.includes(resource) && reader) can.add(reader.name);
    reach[resource.name] = grid.verbs.filter((one) => can.has(one.name)).map((one) => one.name);
  }
  return reach;
}

/** What a key with these scopes reaches, in one line for people. */
export function reachWords(config: Config, names: string[]): string {
  const scopes = config.scopes;
  if (scopes.style !== "grid") return "";
  const reach = reachOf(scopes, names);
  const parts = Object.entries(reach).filter(([, verbs]) => verbs.length > 0);
  if (parts.length === 0) return "The key reaches no data.";
  const by = new Map<string, string[]>();
  for (const [resource, verbs] of parts) by.set(verbs.join(" and "), [...(by.get(verbs.join(" and ")) ?? []), resource]);
  return `The key may ${[...by].map(([verbs, resources]) => `${verbs} ${resources.join(", ")}`).join("; ")}.`;
}
