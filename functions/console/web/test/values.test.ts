import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, callback, format, linkCode, match, parse } from "../src/core/address";
import { overlapChoices, per, seconds, secondsWords } from "../src/core/durations";
import { curl, envFile, trial } from "../src/core/env";
import { expiryBody, expiryOptions, expiryProblem } from "../src/core/expiry";
import { countdown, preview, relative, value } from "../src/core/format";
import { readMetadata } from "../src/core/metadata";
import { buckets, byOperation, quotaOf, round, share, top } from "../src/core/usage";
import { configOf } from "./world";

test("an address is written and read alike", () => {
  const at = format("/keys", { q: "a&b=c #?", state: "", owner: undefined });
  assert.deepEqual(parse(at), { path: "/keys", query: { q: "a&b=c #?" } });
  assert.deepEqual(parse("#nonsense"), { path: "/", query: {} });
  assert.deepEqual(match("/keys/:key", "/keys/a%2Fb"), { key: "a/b" });
  for (const path of ["/keys/", "/keys", "/keys/a/b", "/keys/%"]) assert.equal(match("/keys/:key", path), null, path);
});

test("what signs in is recognised in the address", () => {
  assert.equal(linkCode("#/link/abc-1"), "abc-1");
  assert.equal(linkCode("#/keys/link/abc"), "");
  assert.deepEqual(callback("?code=a&state=b"), { code: "a", state: "b", error: "" });
  assert.deepEqual(callback("?error=access_denied&error_description=No&state=b"), { code: "", state: "b", error: "access_denied" });
  for (const search of ["", "?code=a", "?state=b", "?q=1"]) assert.equal(callback(search), null, search);
});

test("routes are found beside the page, also behind a stage", () => {
  assert.equal(beside("https://x.example/console", "/v1/keys"), "https://x.example/v1/keys");
  assert.equal(beside("https://x.example/live/console", "/console/session/renew"), "https://x.example/live/console/session/renew");
});

test("expiries are those of the contract", () => {
  assert.deepEqual(expiryOptions(configOf("fullengage").keys, false).map((one) => one.value), ["30d", "60d", "90d", "1y", "at"]);
  assert.deepEqual(expiryOptions(configOf("statgate").keys, true).map((one) => one.value), ["keep", "", "30d", "60d", "90d", "1y", "at"]);
  assert.deepEqual(expiryBody("30d", "", false), { expires_in: "30d" });
  assert.deepEqual(expiryBody("", "", true), { expires_at: null });
  assert.deepEqual(expiryBody("keep", "", true), {});
  const now = Date.parse("2026-03-01T12:00:00Z");
  const keys = configOf("statgate").keys;
  assert.equal(expiryProblem("at", "2026-03-02T12:00", keys, now), "");
  for (const at of ["", "2026-02-01T12:00", "2027-06-01T12:00"]) assert.ok(expiryProblem("at", at, keys, now) !== "", at);
});

test("overlaps are those that the contract allows", () => {
  assert.deepEqual(overlapChoices(configOf("statgate").keys.max_overlap), ["1h", "24h", "3d", "7d"]);
  assert.deepEqual(overlapChoices(configOf("balla").keys.max_overlap), []);
  assert.deepEqual(overlapChoices(7200), ["1h", "2h"]);
});

test("durations are read and written", () => {
  assert.deepEqual(["90s", "12h", "30d", "1y"].map(seconds), [90, 43200, 2592000, 31536000]);
  for (const text of ["", "1", "h", "-1h", "1.5h", "1 h"]) assert.ok(Number.isNaN(seconds(text)), text);
  assert.deepEqual([60, 3600, 1800, 604800].map(per), ["minute", "hour", "30 minutes", "7 days"]);
  assert.equal(secondsWords(1), "1 second");
});

test("metadata is an object of at most 1 KB, counted in bytes", () => {
  assert.deepEqual(readMetadata(" ").value, {});
  assert.deepEqual(readMetadata('{"a": 1.5}').value, { a: 1.5 });
  for (const text of ["[]", "1", "null", "{", JSON.stringify({ a: "é".repeat(600) })]) assert.ok(readMetadata(text).problem !== "", text);
});

test("usage sums to the report's total, hour by hour and by operation", () => {
  const data = [
    { start: "2026-03-01T10:00:00Z", operation: "getMatch", count: 2 },
    { start: "2026-03-01T10:00:00Z", operation: "listMatches", count: 3 },
    { start: "2026-03-01T12:00:00Z", operation: "getMatch", count: 4 },
  ];
  const report = { from: "2026-03-01T09:30:00Z", to: "2026-03-01T12:15:00Z", total: 9, data };
  assert.deepEqual(buckets(report, "hour").map((one) => one.total), [0, 5, 0, 4]);
  assert.deepEqual(buckets({ ...report, data: [{ start: "2026-03-01T00:00:00Z", operation: "getMatch", count: 9 }] }, "day"), [{ at: "2026-03-01T00:00:00.000Z", total: 9 }]);
  assert.deepEqual(byOperation(report), [{ operation: "getMatch", total: 6 }, { operation: "listMatches", total: 3 }]);
});

test("the quota's line is in the picture only where the bars stay readable", () => {
  assert.equal(quotaOf(60, 60, "hour"), 3600);
  assert.equal(quotaOf(1000, 3600, "day"), 24000);
  assert.equal(quotaOf(1000, 86400, "hour"), null);
  assert.equal(quotaOf(null, 3600, "hour"), null);
  assert.deepEqual(top(900, 1000), { top: 1000, line: true });
  assert.deepEqual(top(10, 1000), { top: 10, line: false });
  assert.deepEqual(top(0, null), { top: 1, line: false });
  assert.deepEqual([1, 3, 20, 21, 999].map(round), [1, 5, 20, 50, 1000]);
  assert.deepEqual([share(5, 10), share(20, 10), share(5, null), share(0, 0)], [0.5, 1, 0, 0]);
});

test("values are written for people", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(relative("2026-03-01T09:00:00Z", now), "3 hours ago");
  assert.equal(relative("2026-03-31T12:00:00Z", now), "in 1 month");
  assert.equal(relative("2026-03-01T12:00:02Z", now), "now");
  assert.equal(relative("2026-03-01T11:59:30Z", now), "just now");
  assert.deepEqual([0, 65_000, 3_665_000, -5].map(countdown), ["0:00", "1:05", "1:01:05", "0:00"]);
  assert.deepEqual([preview("tb_", ""), preview("sg_live_", "w0Kf")], ["tb_…", "sg_live_…w0Kf"]);
  assert.deepEqual([value(null), value([]), value(["a", "b"]), value({ a: 1 }), value(false)], ["–", "none", "a, b", '{"a":1}', "false"]);
});

test("a command to try has the variable and not the secret", () => {
  const config = configOf("statgate");
  assert.equal(envFile(config, "s"), "STATGATE_API_KEY=s\n");
  assert.equal(curl(config, "https://x.example/v1/keys/self"), 'curl -H "Authorization: Bearer $STATGATE_API_KEY" "https://x.example/v1/keys/self"');
  assert.equal(trial(config, (needed) => needed.includes("teams:read")), "listTeams");
  assert.equal(trial(config, (needed) => needed.includes("matches:read")), "listMatches");
  assert.equal(trial(config, (needed) => needed.includes("webhooks:read")), "getSelf");
  assert.equal(trial(configOf("teambattles"), (needed) => needed.includes("history.user:read")), "listContests");
});
