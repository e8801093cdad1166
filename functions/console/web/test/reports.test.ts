import assert from "node:assert/strict";
import { test } from "node:test";
import { auditRows, changedFields } from "../src/core/auditfile";
import { csv } from "../src/core/csv";
import { joined, keyRows, periodOf, spanOf, timeRows, type OrgUsage } from "../src/core/orgusage";
import { byOperation } from "../src/core/usage";

test("a spreadsheet reads a file as text, and takes nothing in it for a formula", () => {
  assert.equal(csv([["a", 1, null], ['say "hi", you', "two\nlines", "x"]]), 'a,1,\r\n"say ""hi"", you","two\nlines",x\r\n');
  for (const text of ["=1+1", "+1", "-1", "@x", "\tx", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", '=HYPERLINK("a")']) assert.ok(/^"?'/.test(csv([[text]])), text);
  assert.equal(csv([[-5]]), "-5\r\n");
  // Where the list separator is another character, text with it must stay one cell.
  for (const text of ["a;=1+1", "a\t=1+1"]) assert.equal(csv([[text]]), `"${text}"\r\n`);
});

const window = { limit: 1000, used: 0, remaining: 1000, resets_at: null };

function page(key: string, total: number, data: OrgUsage["data"], next: string | null): OrgUsage {
  const of = { key, name: `Bot ${key}`, prefix: "sg_", last_four: "abcd", user: "usr_1", state: "active" as const, last_used_at: null, total, window };
  return {
    org: "org_1", from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: "hour", total, running_total: total, data, next_cursor: next,
    keys: [{ ...of, operations: total > 0 ? [{ operation: "listMatches", count: total }] : [] }],
  };
}

test("pages of an organisation's usage add up to one report, most used keys first", () => {
  const report = joined([
    page("key_1", 2, [{ start: "2026-03-01T10:00:00Z", operation: "listMatches", count: 2 }], "c"),
    page("key_2", 5, [{ start: "2026-03-01T10:00:00Z", operation: "listMatches", count: 3 }, { start: "2026-03-01T11:00:00Z", operation: "listMatches", count: 2 }], null),
  ]);
  assert.equal(report.total, 7);
  assert.equal(report.next_cursor, null);
  assert.deepEqual(report.keys.map((one) => one.key), ["key_2", "key_1"]);
  assert.deepEqual(byOperation(report), [{ operation: "listMatches", total: 7 }]);
  assert.deepEqual(timeRows(report), [["start", "operation", "requests"], ["2026-03-01T10:00:00Z", "listMatches", 5], ["2026-03-01T11:00:00Z", "listMatches", 2]]);
});

test("a file of keys names those without requests, too", () => {
  const rows = keyRows(joined([page("key_1", 2, [], null), page("key_2", 0, [], null)]), () => "ada@example.com");
  assert.deepEqual(rows.slice(1).map((row) => [row[0], row[2], row[5], row[6]]), [["key_1", "ada@example.com", "listMatches", 2], ["key_2", "ada@example.com", null, 0]]);
});

test("a period ends now, and is one that the API allows", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.deepEqual(spanOf("24h", now), { from: "2026-02-28T12:00:00.000Z", to: "2026-03-01T12:00:00.000Z", interval: "hour" });
  assert.equal(spanOf("90d", now).interval, "day");
  for (const name of [undefined, "", "1y", "toString"]) assert.equal(periodOf(name), "24h", name);
  assert.equal(periodOf("7d"), "7d");
});

test("an audit entry becomes one row, with its values as JSON", () => {
  const entry = { id: "1", at: "2026-03-01T12:00:00Z", actor: { key: "key_1", user: "usr_1", created_by: null, session: null }, method: "key", action: "org.update", target: "org_1", before: { plan: "PRO" }, after: null, request_id: "r" };
  assert.deepEqual(auditRows([entry], () => "ada@example.com")[1], ["2026-03-01T12:00:00Z", "org.update", "org_1", "ada@example.com", "usr_1", "key_1", null, "key", '{"plan":"PRO"}', null, "r"]);
});

test("a change shows every field, and a new object only those that say something", () => {
  assert.deepEqual(changedFields({ a: 1, b: null }, { a: 2, c: "" }), ["a", "b", "c"]);
  assert.deepEqual(changedFields(null, { a: 1, b: null, c: "", d: {}, e: [], f: false }), ["a", "f"]);
  assert.deepEqual(changedFields(null, null), []);
});
