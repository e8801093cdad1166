import assert from "node:assert/strict";
import { test } from "node:test";
import { givenRoles, isLastOwner, mayActOn, platformsOf } from "../src/core/members";
import { planOf } from "../src/core/config";
import { compared, limitNames, limitWords } from "../src/core/plans";
import type { Member } from "../src/core/types";
import { configOf } from "./world";

test("plans are compared in the contract's own numbers", () => {
  const { plans } = configOf("balla");
  const of = (name: string) => planOf(configOf("balla"), name)!;
  assert.equal(compared(of("PRO"), of("TEAM")), "7 more keys, 10 times the requests");
  assert.equal(compared(of("TEAM"), of("PRO")), "7 fewer keys, 1/10 of the requests");
  assert.equal(compared(of("PRO"), of("PRO")), "the same");
  assert.deepEqual(limitNames(plans), ["requests"]);
  assert.equal(limitWords(of("PRO").limits.requests), "1,000 per hour");
  const { plans: other } = configOf("scorelytics");
  assert.deepEqual(limitNames(other).sort(), ["mcp", "requests", "sockets"]);
  assert.equal(limitWords(other[0]!.limits.sockets), "2 at a time");
  assert.equal(compared(configOf("teambattles").plans[0]!, configOf("teambattles").plans[1]!), "twice the requests");
});

const member = (user: string, role: Member["role"], state: Member["state"] = "active"): Member => ({ user, email: `${user}@example.com`, role, state });

test("only owners and operators act on owners", () => {
  const owner = member("a", "owner");
  assert.deepEqual((["operator", "owner", "admin", "member"] as const).map((role) => mayActOn(role, owner)), [true, true, false, false]);
  assert.equal(mayActOn("admin", member("b", "member")), true);
  const roles = ["owner", "admin", "member"];
  assert.deepEqual(givenRoles("admin", roles), ["admin", "member"]);
  assert.deepEqual(givenRoles("owner", roles), roles);
});

test("the last active owner is recognised", () => {
  const a = member("a", "owner");
  assert.equal(isLastOwner(a, [a, member("b", "admin"), member("c", "owner", "suspended")]), true);
  assert.equal(isLastOwner(a, [a, member("b", "owner")]), false);
  assert.equal(isLastOwner(member("b", "admin"), [a]), false);
});

test("the platforms of connections are those of the contract", () => {
  assert.deepEqual(platformsOf(configOf("teambattles").operations.getConnections!.permissions), ["discord", "twitch", "github", "battlenet"]);
  assert.deepEqual(platformsOf(["keys:read"]), []);
});
