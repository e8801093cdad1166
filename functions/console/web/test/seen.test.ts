import assert from "node:assert/strict";
import { test } from "node:test";
import { format, into, parse, within } from "../src/core/address";
import { forOrg } from "../src/core/client";
import { signedIn } from "./world";

test("an organisation that an operator looks into is in the address", () => {
  assert.deepEqual(within(parse(format(into("org_1", "/keys/key_1"), { state: "active" })).path), { org: "org_1", path: "/keys/key_1" });
  assert.deepEqual(within("/as/org_1"), { org: "org_1", path: "/" });
  for (const path of ["/keys", "/as/", "/as", "/as/a%2Fb/keys", "/assets/x"]) assert.deepEqual(within(path), { org: "", path });
  assert.equal(into("", "/keys"), "/keys");
});

test("an operator's requests name the organisation where the path does not", async () => {
  const page = { status: 200, body: { data: [], next_cursor: null } };
  const { api, service } = await signedIn("statgate", [page, page, { status: 201, body: { id: "key_1" } }, { status: 200, body: { id: "key_1" } }, page]);
  const seen = forOrg(api, "org_2");
  await seen.list("listKeys", { query: { state: "active" } });
  await seen.list("listAudit", {});
  await seen.call("createKey", { body: { name: "Bot" }, once: "o" });
  await seen.call("getKey", { params: { key: "key_1" } });
  await api.list("listKeys", {});
  const [keys, audit, create, key, own] = service.calls;
  assert.equal(new URL(keys!.url, "https://x.example").searchParams.get("org"), "org_2");
  assert.equal(new URL(keys!.url, "https://x.example").searchParams.get("state"), "active");
  assert.ok(/[?&]org=org_2(&|$)/.test(audit!.url));
  assert.deepEqual(create!.body, { name: "Bot", org: "org_2" });
  assert.ok(!key!.url.includes("org"), key!.url);
  assert.ok(!own!.url.includes("org"), own!.url);
});
