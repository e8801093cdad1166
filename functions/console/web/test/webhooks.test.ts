import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, hasEnded, idsOf, isOverlap, type Delivery } from "../src/core/webhooks";

test("ids are read from what people paste", () => {
  assert.deepEqual(idsOf(" en.1, es.1\nen.1  de.1,"), ["en.1", "es.1", "de.1"]);
  assert.deepEqual(idsOf(" , "), []);
});

test("overlaps of webhooks are at most a week", () => {
  for (const text of ["1h", "36h", "7d"]) assert.equal(isOverlap(text), true, text);
  for (const text of ["", "0h", "8d", "soon", "-1h"]) assert.equal(isOverlap(text), false, text);
});

test("a delivery's answer is said in a few words", () => {
  const of = (part: Partial<Delivery>): Delivery => ({ id: "dlv_1", webhook: "whk_1", event: "evt_1", type: "match.updated", state: "pending", created_at: "", attempts: 1, tried_at: null, status: null, error: null, next_at: null, ...part });
  assert.equal(answerOf(of({ attempts: 0 })), "not tried yet");
  assert.equal(answerOf(of({ status: 500, error: "HTTP status 500" })), "HTTP 500");
  assert.equal(answerOf(of({ error: "timeout" })), "no answer");
  assert.deepEqual([of({}), of({ state: "failed" }), of({ state: "delivered" })].map(hasEnded), [false, true, true]);
});
