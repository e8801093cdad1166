import assert from "node:assert/strict";
import { test } from "node:test";
import { errorFrom, madeBefore } from "../src/core/errors";
import { cases, configOf } from "./world";

interface Case {
  contract: string;
  condition: string;
  status: number;
  body: unknown;
}

const none = (): null => null;

test("each contract's error for a field is shown at that field", () => {
  for (const { contract, status, body } of cases<Case[]>("errors").filter((one) => one.condition === "input.field")) {
    const error = errorFrom(configOf(contract).answers, status, body, none);
    assert.equal(error.kind, "invalid", contract);
    assert.deepEqual(error.fields, { name: ["must have 1–80 characters"], scopes: ['unknown scope "x"; must be one of a, b'] }, contract);
  }
});

test("each contract's error has the message for people and its code", () => {
  for (const { contract, status, body } of cases<Case[]>("errors").filter((one) => one.condition === "conflict.cap")) {
    const error = errorFrom(configOf(contract).answers, status, body, none);
    assert.equal(error.kind, "conflict", contract);
    assert.ok(error.message.startsWith("plan PRO allows 3 keys"), `${contract}: ${error.message}`);
    assert.deepEqual(error.fields, {}, contract);
  }
});

test("the key that an earlier attempt made is found in every contract", () => {
  for (const { contract, status, body } of cases<Case[]>("errors").filter((one) => one.condition === "conflict.repeat")) {
    assert.equal(madeBefore(errorFrom(configOf(contract).answers, status, body, none)), "key_01abc", contract);
  }
});

test("an answer that is no error of the API still says something, and keeps the request's id", () => {
  const error = errorFrom(configOf("statgate").answers, 502, null, (name) => (name === "X-Request-Id" ? "req-1" : null));
  assert.equal(error.kind, "down");
  assert.equal(error.requestId, "req-1");
  assert.ok(error.message.length > 10);
});

test("a problem of one entry of a list is shown at the list's field", () => {
  const want = { leagues: ["entry 2: no such league; give another", "entry 3: no such league"] };
  const structured = errorFrom(configOf("statgate").answers, 422, { error: "validation_failed", message: "Validation failed", details: { fieldErrors: { "leagues[1]": ["no such league; give another"], "leagues[2]": ["no such league"] }, formErrors: [] } }, none);
  assert.deepEqual(structured.fields, want);
  const inLine = errorFrom(configOf("teambattles").answers, 400, { error: "error_invalid_request", details: "invalid: leagues[1]: no such league; give another; leagues[2]: no such league" }, none);
  assert.deepEqual(inLine.fields, want);
});
