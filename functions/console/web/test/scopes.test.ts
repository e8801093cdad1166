import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, gridOf, hasGames, levelGroups, needsGame, onlyManages, partition, reachOf, refusedForRole, setLevel } from "../src/core/scopes";
import { cases, configOf, contracts } from "./world";

test("a grid shows for each choice of verbs and resources what the API grants", () => {
  const { scopes } = configOf("balla");
  const all = cases<{ scopes: string[]; permissions: string[] }[]>("grid");
  assert.ok(all.length >= 128);
  for (const one of all) {
    const reach = reachOf(scopes, one.scopes);
    for (const resource of gridOf(scopes).resources) {
      const nouns = resource.permissions.map((permission) => permission.split(":")[0]!);
      for (const verb of gridOf(scopes).verbs) {
        const granted = nouns.every((noun) => covers(one.permissions, `${noun}:${verb.permissions[0]!.split(":")[1]!}`));
        assert.equal(reach[resource.name]!.includes(verb.name), granted, `${one.scopes.join(" ")}: ${verb.name} ${resource.name}`);
      }
    }
  }
});

test("members' keys only read, and manage nothing", () => {
  const refused = (contract: string, scope: string, role: "owner" | "admin" | "member"): boolean => refusedForRole(configOf(contract).scopes, scope, role) !== "";
  for (const [contract, scope] of [["statgate", "write:matches"], ["statgate", "keys:read"], ["balla", "write"], ["teambattles", "webhooks.manage:enabled"], ["fullengage", "audit:read"]] as const) {
    assert.ok(refused(contract, scope, "member"), `${contract} ${scope}`);
    assert.ok(!refused(contract, scope, "admin") && !refused(contract, scope, "owner"), `${contract} ${scope}`);
  }
  for (const [contract, scope] of [["statgate", "read:matches"], ["balla", "read"], ["balla", "stats"], ["teambattles", "connections.discord:enabled"]] as const) {
    assert.ok(!refused(contract, scope, "member"), `${contract} ${scope}`);
  }
});

test("a key with management scopes alone counts against no plan", () => {
  for (const contract of contracts) {
    const { scopes } = configOf(contract);
    const { data, management } = partition(scopes);
    assert.equal(onlyManages(scopes, management.map((one) => one.name)), scopes.style !== "role", contract);
    const reaching = data.find((one) => one.permissions.length > 0);
    if (reaching) assert.ok(!onlyManages(scopes, [reaching.name, management[0]!.name]), contract);
  }
});

test("a key has one level of each scope, and none is left out", () => {
  const { scopes } = configOf("teambattles");
  const groups = levelGroups(scopes);
  assert.deepEqual(groups.map((one) => one.category), ["matches", "connections", "game", "webhooks"]);
  const row = groups[2]!.rows.find((one) => one.id === "game.lifecycle")!;
  assert.deepEqual(row.levels.map((one) => one.level), ["none", "read", "read-write"]);
  assert.equal(row.needs, "game");
  assert.ok(row.description.length > 0);
  const read = setLevel(["matches.user_matches:read"], row, "game.lifecycle:read");
  assert.deepEqual(setLevel(read, row, "game.lifecycle:read-write"), ["matches.user_matches:read", "game.lifecycle:read-write"]);
  assert.deepEqual(setLevel(read, row, "game.lifecycle:none"), ["matches.user_matches:read"]);
});

test("every scope of every contract can be chosen in its style", () => {
  for (const contract of contracts) {
    const { scopes } = configOf(contract);
    const shown = new Set([
      ...partition(scopes).management.map((one) => one.name),
      ...(scopes.style === "list" ? partition(scopes).data.map((one) => one.name) : []),
      ...gridOf(scopes).verbs.map((one) => one.name),
      ...gridOf(scopes).resources.map((one) => one.name),
      ...levelGroups(scopes).flatMap((group) => group.rows.flatMap((row) => row.levels.map((one) => one.scope))),
    ]);
    assert.deepEqual(scopes.names.filter((one) => !shown.has(one.name)), [], contract);
  }
});

test("a game is asked for where a chosen scope is for one", () => {
  const { scopes } = configOf("teambattles");
  assert.ok(hasGames(scopes) && needsGame(scopes, ["game.scores:write"]));
  assert.ok(!needsGame(scopes, ["matches.user_matches:read"]) && !hasGames(configOf("statgate").scopes));
});
