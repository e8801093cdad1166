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

/** The scopes that reach data, and those of key management. */
export function partition(scopes: Scopes): { data: Scope[]; management: Scope[] } {
  return { data: scopes.names.filter((one) => !one.management), management: scopes.names.filter((one) => one.management) };
}

/** The scope that the name is of. */
export function scopeOf(scopes: Scopes, name: string): Scope | undefined {
  return scopes.names.find((one) => one.name === name);
}

/** Permissions of one scope; a verb of a grid reaches every resource. */
export function permissionsOf(scopes: Scopes, name: string): string[] {
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
export function needWords(needs: string): string {
  if (needs === "game") return "Needs approval as the developer of the key's game";
  return needs ? "Needs approval as a developer" : "";
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
  description: string;
  needs: string;
  levels: { level: string; scope: string; grants: boolean }[];
}

/** Arranges the scopes of a contract with levels by category and name. */
export function levelGroups(scopes: Scopes): LevelGroup[] {
  const groups: LevelGroup[] = [];
  for (const one of scopes.levels) {
    let group = groups.find((known) => known.category === one.category);
    if (!group) groups.push((group = { category: one.category, rows: [] }));
    group.rows.push({
      id: `${one.category}.${one.name}`,
      description: one.description || (one.scopes.map((name) => scopeOf(scopes, name)?.description).find(Boolean) ?? ""),
      needs: one.needs || (one.scopes.map((name) => scopeOf(scopes, name)?.needs).find(Boolean) ?? ""),
      levels: one.scopes.map((scope) => ({ scope, level: scope.slice(scope.lastIndexOf(":") + 1), grants: permissionsOf(scopes, scope).length > 0 })),
    });
  }
  return groups;
}

/** Replaces the level of one row. A level that grants nothing is left out. */
export function setLevel(names: string[], row: LevelRow, scope: string): string[] {
  const others = names.filter((name) => !row.levels.some((one) => one.scope === name));
  return row.levels.find((one) => one.scope === scope)?.grants ? [...others, scope] : others;
}

// Grids: scopes are verbs and resources. A verb alone reaches every resource, a resource alone
// is read, and both together meet. So what a key reaches is a product: with "write" and
// "matches", matches are written, and no other.

/** The verbs and resources of a grid. */
export function gridOf(scopes: Scopes): { verbs: Scope[]; resources: Scope[] } {
  const named = (names: string[]): Scope[] => names.flatMap((name) => scopeOf(scopes, name) ?? []);
  return { verbs: named(scopes.verbs), resources: named(scopes.resources) };
}

const reads = (scope: Scope): boolean => scope.permissions.length > 0 && scope.permissions.every((one) => one.endsWith(":read"));

/** What a key with these scopes may do with each resource: resource → verbs' names. */
export function reachOf(scopes: Scopes, names: string[]): Record<string, string[]> {
  const grid = gridOf(scopes);
  const verbs = grid.verbs.filter((one) => names.includes(one.name));
  const named = grid.resources.filter((one) => names.includes(one.name));
  const reached = named.length > 0 ? named : grid.resources;
  const reach: Record<string, string[]> = {};
  for (const resource of grid.resources) {
    const can = (verb: Scope): boolean => (verbs.includes(verb) && reached.includes(resource)) || (reads(verb) && named.includes(resource));
    reach[resource.name] = grid.verbs.filter(can).map((one) => one.name);
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
