import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/core/errors";
import { newOnce } from "../src/core/once";
import { configOf, contracts, session, signedIn } from "./world";

const is = (kind: string) => (error: unknown): boolean => error instanceof ApiError && error.kind === kind;

test("a refused token is renewed once, and the request is sent again with the new one", async () => {
  const w = await signedIn("statgate", [{ status: 401 }, { status: 200, body: { id: "key_1" } }], [session("token-2")]);
  assert.deepEqual(await w.api.call("getKey", { params: { key: "key_1" } }), { id: "key_1" });
  assert.deepEqual(w.service.calls.map((call) => call.headers.Authorization), ["Bearer token-1", "Bearer token-2"]);
});

test("a request that is refused with a fresh token is forbidden, and the session goes on", async () => {
  const w = await signedIn("scorelytics", [{ status: 401 }, { status: 401, body: { error: "the key lacks a scope", code: "insufficient_scope" } }], [session("token-2")]);
  await assert.rejects(w.api.call("listKeys"), is("forbidden"));
  assert.equal(w.service.calls.length, 2);
  assert.ok(w.session.active);
});

test("a token that cannot be renewed ends the session", async () => {
  const w = await signedIn("statgate", [{ status: 401 }], [{ status: 401 }]);
  let ended = 0;
  w.session.onEnded = () => void ended++;
  await assert.rejects(w.api.call("listKeys"), is("expired"));
  assert.equal(ended, 1);
  assert.ok(!w.session.active && w.session.info === null);
});

test("a write with an Idempotency-Key is repeated with the same one when its answer is lost", async () => {
  const w = await signedIn("statgate", ["lost", { status: 503 }, { status: 201, body: { id: "key_2" } }]);
  await w.api.call("createKey", { body: { name: "x" }, once: "once-1" });
  assert.deepEqual(w.service.calls.map((call) => call.headers["Idempotency-Key"]), ["once-1", "once-1", "once-1"]);
});

test("a write without an Idempotency-Key is never repeated", async () => {
  for (const answer of ["lost", { status: 503 }] as const) {
    const w = await signedIn("statgate", [answer, { status: 200 }]);
    await assert.rejects(w.api.call("revokeKey", { params: { key: "key_1" } }), is(answer === "lost" ? "offline" : "down"));
    assert.equal(w.service.calls.length, 1);
  }
});

test("a read is repeated three times at most, after the time that the service asks for", async () => {
  const busy = { status: 503, headers: { "Retry-After": "2" } };
  const w = await signedIn("statgate", [busy, busy, busy, { status: 200 }]);
  await assert.rejects(w.api.call("getSelf"), is("down"));
  assert.deepEqual(w.waits, [2000, 2000]);
  const long = await signedIn("statgate", [{ status: 503, headers: { "Retry-After": "60" } }]);
  await assert.rejects(long.api.call("getSelf"), is("down"));
  assert.deepEqual(long.waits, []);
});

test("the key that is tested is sent once, not kept, and leaves the session as it is", async () => {
  const w = await signedIn("statgate", [{ status: 401, body: { error: "unauthorized", message: "unknown key" } }]);
  await assert.rejects(w.api.whoAmI("sg_live_other"), (error) => error instanceof ApiError && error.message === "unknown key");
  assert.deepEqual(w.service.calls.map((call) => call.headers.Authorization), ["Bearer sg_live_other"]);
  assert.ok(w.session.active);
  assert.ok(!JSON.stringify(w.session).includes("sg_live_other"));
});

test("parameters are escaped, and fields have the contract's names", async () => {
  const w = await signedIn("teambattles", []);
  assert.equal(w.api.request("getKey", { params: { key: "a/b?c" } }).path, "/api/v1/keys/a%2Fb%3Fc");
  // A browser resolves these, also when they are encoded, so the request would be for another path.
  for (const key of ["..", "."]) assert.throws(() => w.api.request("getKey", { params: { key } }), /does not exist/);
  assert.equal(w.api.request("getKey", { params: { key: "../.." } }).path, "/api/v1/keys/..%2F..");
  assert.equal(w.api.request("listContests", { query: { game: "rally", cursor: "", limit: 5 } }).path, "/api/v1/matches?gameId=rally&limit=5");
  assert.equal(w.api.request("createContest", { body: { best_of: 3, home: undefined } }).body, '{"bestOf":3}');
});

test("lists go on by cursor, and by offset where the contract counts", async () => {
  const w = await signedIn("statgate", [{ status: 200, body: { data: [1], next_cursor: "c", total: null } }, { status: 200, body: { data: [2], next_cursor: null, total: null } }]);
  assert.deepEqual(await w.api.all("listKeys"), [1, 2]);
  assert.ok(w.service.calls[1]!.url.includes("cursor=c"));

  const page = { status: 200, body: { data: [1, 2], total: 3 } };
  const f = await signedIn("fullengage", [page, { status: 200, body: { data: [3], total: 3 } }]);
  assert.deepEqual(await f.api.all("listKeys"), [1, 2, 3]);
  assert.ok(f.service.calls[1]!.url.includes("offset=2"));
});

test("a page that a filter left empty is read past", async () => {
  const page = (data: number[], next: string | null) => ({ status: 200, body: { data, next_cursor: next, total: null } });
  const w = await signedIn("statgate", [page([], "c1"), page([], "c2"), page([7], "c3")]);
  assert.deepEqual(await w.api.list("listKeys", { query: { q: "x" } }), { items: [7], total: null, next: "c3" });
  const never = await signedIn("statgate", Array(20).fill(page([], "c")));
  assert.deepEqual((await never.api.list("listKeys")).next, "c");
  assert.equal(never.service.calls.length, 10);
});

test("key management lists by cursor also where data is paged by number", async () => {
  const w = await signedIn("balla", [{ status: 200, body: { data: Array(100).fill(1), next_cursor: null, total: null } }]);
  assert.equal((await w.api.all("listKeys")).length, 100);
  assert.equal(w.service.calls.length, 1);
});

test("an object comes out of the contract's envelope", async () => {
  const body = { id: "key_1", data: [1] };
  for (const contract of contracts) {
    const enveloped = configOf(contract).answers!.item!.length > 0;
    const w = await signedIn(contract, [{ status: 200, body: enveloped ? { data: body } : body }]);
    assert.deepEqual(await w.api.call("getKey", { params: { key: "key_1" } }), body, contract);
  }
});

test("two Idempotency-Keys differ, and have no character that a header may not", () => {
  assert.ok(newOnce() !== newOnce());
  assert.ok(/^[a-z0-9-]{20,64}$/.test(newOnce()));
});

test("webhooks are read by the console's names in each contract that has them", async () => {
  const statgate = await signedIn("statgate", [{ status: 200, body: { data: [{ id: "whk_1", types: ["match.updated"], state: "enabled" }], next_cursor: "c", total: null } }]);
  const one = await statgate.api.list<Record<string, unknown>>("listWebhooks");
  assert.deepEqual(one, { items: [{ id: "whk_1", types: ["match.updated"], state: "enabled" }], next: "c", total: null });
  assert.ok(statgate.service.calls[0]!.url.includes("limit=25"));

  const shown = { id: "whk_1", label: "Scores", events: ["match.created"], status: "enabled", createdAt: Date.UTC(2026, 2, 1), failingSince: null };
  const w = await signedIn("teambattles", [
    { status: 200, body: { webhooks: [shown], count: 1, timestamp: 1 } },
    { status: 201, body: { id: "whk_2", signingSecret: "whsec_x", secretPrefix: "whsec_" } },
    { status: 200, body: { page: [{ id: "dlv_1", event: "match.created", eventId: "evt_1", status: "failed" }], isDone: false, continueCursor: "next" } },
  ]);
  const list = await w.api.list<Record<string, unknown>>("listWebhooks");
  assert.equal(list.items[0]!.description, "Scores");
  assert.deepEqual(list.items[0]!.types, ["match.created"]);
  assert.equal(list.items[0]!.created_at, "2026-03-01T00:00:00.000Z");
  assert.equal(list.items[0]!.failing_since, null);
  assert.deepEqual([list.next, list.total], [null, 1]);
  assert.ok(!w.service.calls[0]!.url.includes("limit"));
  const made = await w.api.call<Record<string, unknown>>("createWebhook", { body: { url: "https://example.com", types: ["match.created"], description: "Scores" } });
  assert.equal(made.signing_secret, "whsec_x");
  assert.deepEqual(w.service.calls[1]!.body, { url: "https://example.com", events: ["match.created"], label: "Scores" });
  const deliveries = await w.api.list<Record<string, unknown>>("listDeliveries", { params: { webhook: "whk_1" } });
  assert.deepEqual([deliveries.items[0]!.type, deliveries.items[0]!.event, deliveries.items[0]!.state, deliveries.next], ["match.created", "evt_1", "failed", "next"]);
});
