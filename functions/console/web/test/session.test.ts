import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/core/errors";
import { session, signedIn } from "./world";

test("requests at the same time share one renewal", async () => {
  const w = await signedIn("statgate", [], [session("token-2")]);
  w.pass(290);
  assert.deepEqual(await Promise.all([w.session.token(), w.session.token(), w.session.renew()]), ["token-2", "token-2", undefined]);
  assert.deepEqual(w.signIn.calls.map((call) => call.url), ["/console/session/start", "/console/session/renew"]);
});

test("a token is used for its life by the service's times, whatever the clock here says", async () => {
  const w = await signedIn("statgate", [], [session("token-2")]);
  w.pass(279);
  assert.equal(await w.session.token(), "token-1");
  w.pass(2);
  assert.equal(await w.session.token(), "token-2");
});

test("a service that does not answer ends no session", async () => {
  const w = await signedIn("statgate", [], ["lost", { status: 503 }, session("token-2")]);
  let ended = 0;
  w.session.onEnded = () => void ended++;
  w.pass(290);
  assert.equal(await w.session.token(), "token-1"); // still good for 10 s
  w.pass(20);
  await assert.rejects(w.session.token(), (error) => error instanceof ApiError && error.kind === "down");
  assert.equal(await w.session.token(), "token-2");
  assert.equal(ended, 0);
});

test("signing out forgets the token before the service answers", async () => {
  const w = await signedIn("statgate", [], ["lost"]);
  const ended = w.session.end();
  assert.ok(!w.session.active && w.session.info === null);
  await assert.rejects(ended, (error) => error instanceof ApiError && error.kind === "offline");
});

test("a choice of organisations and a provider's address sign nobody in", async () => {
  const choice = { choice: "c", orgs: [{ org: "org_1", name: "North", role: "owner" }] };
  const w = await signedIn("statgate", [], [{ status: 200, body: choice }, { status: 200, body: { authorize: "https://id.example/a" } }]);
  w.session.forget();
  assert.deepEqual(await w.session.start({ oidc: { code: "x", state: "y" } }), { kind: "choice", choice });
  assert.deepEqual(await w.session.start({ oidc: {} }), { kind: "authorize", url: "https://id.example/a" });
  assert.ok(!w.session.active);
});

test("nothing is sent for a member after another one signed in in the same browser", async () => {
  const other = session("token-of-another") as { body: { session: Record<string, unknown> } };
  other.body.session.user = "usr_2";
  const w = await signedIn("statgate", [{ status: 201 }], [other as never]);
  let others = 0;
  w.session.onOther = () => void others++;
  w.pass(301);
  await assert.rejects(w.api.call("createKey", { body: { name: "x" }, once: "once-1" }), (error) => error instanceof ApiError && error.kind === "conflict");
  assert.equal(w.service.calls.length, 0);
  assert.equal(others, 1);
  assert.equal(w.session.info!.user, "usr_2");
});

test("an answer without a token is an error and not a session", async () => {
  const w = await signedIn("statgate", [], [{ status: 200, body: {} }]);
  w.session.forget();
  await assert.rejects(w.session.renew(), (error) => error instanceof ApiError && error.kind === "failed");
  assert.ok(!w.session.active);
});
