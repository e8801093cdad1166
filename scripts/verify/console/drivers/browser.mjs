// Drives a browser: node browser.mjs PACKAGES BROWSER EXTRAS. It reads commands from standard
// input, one JSON object a line, and answers each with one line. Commands run side by side.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [packages, executablePath, extras] = process.argv.slice(2);
const require = createRequire(join(packages, "node_modules", "/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// environment adds what the browser's program lacks on this machine.
function environment() {
  const env = { ...process.env };
  if (extras && !existsSync("/etc/fonts/fonts.conf")) env.FONTCONFIG_PATH = extras;
  if (extras && execFileSync("ldd", [executablePath], { encoding: "utf8" }).includes("not found")) env.LD_LIBRARY_PATH = join(extras, "lib");
  return env;
}

const browser = await chromium.launch({ executablePath, env: environment(), args: ["--disable-gpu", "--disable-dev-shm-usage"] });
const visitors = new Map(); // a browser context each, as a person with cookies of their own
const tabs = new Map();
let last = 0;

// watch collects what a tab does: what went wrong, and all that it sent and received.
function watch(visitor, page) {
  const say = (kind, text) => visitor.troubles.push({ kind, text, url: page.url() });
  page.on("console", (m) => {
    visitor.texts.push(m.text());
    if (m.text().startsWith("Failed to load resource: ")) return; // it is in the traffic, or failed, with its address
    if (["error", "warning", "assert"].includes(m.type())) say("console", m.text());
  });
  page.on("pageerror", (e) => say("exception", `${e.stack ?? e}`));
  page.on("crash", () => say("crash", "the tab crashed"));
  page.on("framenavigated", (f) => f === page.mainFrame() && visitor.urls.push(f.url()));
  page.on("requestfailed", (r) => visitor.failed.push({ method: r.method(), url: r.url(), text: r.failure()?.errorText ?? "" }));
  page.on("response", (r) => visitor.pending.push(note(visitor, r)));
}

async function note(visitor, response) {
  const request = response.request();
  const exchange = { method: request.method(), url: request.url(), status: response.status(), type: request.resourceType(), sent: request.postData() ?? "" };
  exchange.requestHeaders = request.headers();
  exchange.headers = response.headers();
  visitor.traffic.push(exchange);
  // A page that is left, and an answer without a body, have none; for some the browser never says so.
  const given = new Promise((done) => setTimeout(done, 5000, ""));
  exchange.body = await Promise.race([given, response.text().catch(() => "")]);
}

async function addTab(name, visitor) {
  const page = await visitor.context.newPage();
  page.setDefaultTimeout(visitor.patience);
  watch(visitor, page);
  const tab = `${++last}`;
  tabs.set(tab, { page, visitor, name });
  return tab;
}

const roles = (scope, { role, name, exact = true, css, label, text, ...more }) => {
  const pattern = typeof name === "string" && name.startsWith("/") ? new RegExp(name.slice(1, -1), "i") : name;
  if (css) return scope.locator(css);
  if (label) return scope.getByLabel(label, { exact });
  if (text) return scope.getByText(text.startsWith("/") ? new RegExp(text.slice(1, -1), "i") : text, { exact });
  return scope.getByRole(role, { ...(name === undefined ? {} : { name: pattern, exact }), ...more });
};

// find returns the locator of a path of targets, each within the one before.
function find(page, path) {
  let at = page;
  for (const { has, nth, ...step } of path) {
    at = roles(at, step);
    if (has !== undefined) at = at.filter({ hasText: has });
    if (nth !== undefined) at = at.nth(nth);
  }
  return at;
}

const actions = {
  click: (l) => l.click(),
  fill: (l, text) => l.fill(text),
  press: (l, keys) => l.press(keys),
  choose: (l, option) => l.selectOption(option),
  check: (l) => l.check(),
  uncheck: (l) => l.uncheck(),
  focus: (l) => l.focus(),
  see: (l) => l.first().waitFor({ state: "visible" }),
  gone: async (l) => {
    for (const one of await l.all()) await one.waitFor({ state: "hidden" });
  },
  text: (l) => l.innerText(),
  value: (l) => l.inputValue(),
  count: (l) => l.count(),
  enabled: (l) => l.isEnabled(),
  checked: (l) => l.isChecked(),
  focused: (l) => l.evaluate((e) => e === document.activeElement),
  attribute: (l, name) => l.getAttribute(name),
};

// settled waits until nothing in a page says that it is busy.
const settled = (page) => page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });

const commands = {
  // open makes a visitor with one tab.
  async open({ name, scheme = "light", width = 1280, height = 900, patience = 20000, touch = false }) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, hasTouch: touch, acceptDownloads: true, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
    const visitor = { context, patience, troubles: [], traffic: [], failed: [], urls: [], texts: [], pending: [] };
    await context.exposeBinding("__violated", (_, v) => visitor.troubles.push(v));
    await context.addInitScript(() => {
      const tell = window.__violated;
      document.addEventListener("securitypolicyviolation", (e) =>
        tell({ kind: "policy", text: `${e.effectiveDirective} refused ${e.blockedURI} ${e.sample}`.trim(), url: e.documentURI }),
      );
    });
    const id = `${++last}`;
    visitors.set(id, visitor);
    return { visitor: id, tab: await addTab(name, visitor) };
  },
  tab: async ({ visitor, name }) => addTab(name, visitors.get(visitor)),
  async leave({ visitor }) {
    await visitors.get(visitor).context.close();
    visitors.delete(visitor);
    return {};
  },
  async goto({ tab, url }) {
    const response = await tabs.get(tab).page.goto(url);
    return { status: response?.status() ?? 0, headers: response?.headers() ?? {}, url: tabs.get(tab).page.url() };
  },
  async reload({ tab }) {
    await tabs.get(tab).page.reload();
    return {};
  },
  async back({ tab }) {
    await tabs.get(tab).page.goBack();
    return {};
  },
  url: ({ tab }) => tabs.get(tab).page.url(),
  html: ({ tab }) => tabs.get(tab).page.content(),
  outline: ({ tab }) => tabs.get(tab).page.locator("body").ariaSnapshot(),
  act: async ({ tab, path, action, value }) => (await actions[action](find(tabs.get(tab).page, path), value)) ?? null,
  async keys({ tab, keys }) {
    for (const key of keys) await tabs.get(tab).page.keyboard.press(key);
    return {};
  },
  async type({ tab, text }) {
    await tabs.get(tab).page.keyboard.type(text);
    return {};
  },
  // focus describes the element that has the focus, as a reader of screens does.
  focus: ({ tab }) =>
    tabs.get(tab).page.evaluate(() => {
      const e = document.activeElement;
      const label = e?.labels?.[0]?.textContent ?? e?.getAttribute("aria-label") ?? e?.textContent ?? "";
      const box = e?.getBoundingClientRect();
      return {
        tag: e?.tagName.toLowerCase() ?? "", type: e?.getAttribute("type") ?? "", label: label.trim().replace(/\s+/g, " ").slice(0, 200),
        role: e?.getAttribute("role") ?? "", dialog: e?.closest("dialog, [role=dialog], [role=alertdialog]")?.textContent.slice(0, 80) ?? "",
        visible: e?.matches(":focus-visible") ?? false, outline: e ? getComputedStyle(e).outlineStyle : "", height: box?.height ?? 0, value: e?.value ?? "",
      };
    }),
  evaluate: async ({ tab, script, value }) => (await tabs.get(tab).page.evaluate(`(${script})(${JSON.stringify(value ?? null)})`)) ?? null,
  async scheme({ tab, scheme }) {
    await tabs.get(tab).page.emulateMedia({ colorScheme: scheme });
    return {};
  },
  async size({ tab, width, height }) {
    await tabs.get(tab).page.setViewportSize({ width, height });
    return {};
  },
  // axe reports what breaks the rules of WCAG 2.2 A and AA and axe's best practices, in a part of a
  // page or in all of it.
  async axe({ tab, part }) {
    const { page } = tabs.get(tab);
    await settled(page);
    if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe);
    const found = await page.evaluate((within) => window.axe.run(within ?? document, { resultTypes: ["violations"] }), part);
    return {
      passes: found.passes.length,
      violations: found.violations.map((v) => ({ rule: v.id, help: v.help, count: v.nodes.length, nodes: v.nodes.slice(0, 5).map((n) => `${n.target.join(" ")}: ${n.failureSummary}`) })),
    };
  },
  // picture shows the whole page, or the beginning of a very long one.
  async picture({ tab, file }) {
    const { page } = tabs.get(tab);
    const { width, height } = await page.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }));
    const clip = { x: 0, y: 0, width, height: Math.min(Math.max(height, page.viewportSize().height), 3000) };
    await page.screenshot({ path: file, fullPage: true, clip, animations: "disabled" });
    return {};
  },
  // wide tells by how many pixels the content is wider than the window.
  wide: ({ tab }) => tabs.get(tab).page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  // seen returns what a visitor's tabs did until now.
  async seen({ visitor }) {
    const { pending, troubles, traffic, failed, urls, texts } = visitors.get(visitor);
    await Promise.all(pending);
    return { troubles, traffic, failed, urls, texts };
  },
  cookies: ({ visitor }) => visitors.get(visitor).context.cookies(),
  async setCookies({ visitor, cookies }) {
    await visitors.get(visitor).context.addCookies(cookies);
    return {};
  },
  async offline({ visitor, offline }) {
    await visitors.get(visitor).context.setOffline(offline);
    return {};
  },
  // stored returns what scripts of a page's origin can keep.
  async stored({ visitor }) {
    return visitors.get(visitor).context.storageState({ indexedDB: true });
  },
  // downloaded performs an action that saves a file, and returns its name and text.
  async downloaded({ tab, path }) {
    const { page } = tabs.get(tab);
    const [download] = await Promise.all([page.waitForEvent("download"), find(page, path).click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
  },
  // answer makes the network answer requests to an address, or lose them (status 0), until status is -1.
  async answer({ visitor, url, status, body = "", headers = {} }) {
    const { context } = visitors.get(visitor);
    const pattern = new RegExp(url);
    if (status === -1) await context.unrouteAll();
    else if (status === 0) await context.route(pattern, (r) => r.abort("connectionfailed"));
    else await context.route(pattern, (r) => r.fulfill({ status, body, headers: { "content-type": "application/json", ...headers } }));
    return {};
  },
  // paint opens an address as a phone on a slow network does, and returns when it painted.
  async paint({ url, latencyMs, bytesPerSecond, cpu }) {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    try {
      const page = await context.newPage();
      const session = await context.newCDPSession(page);
      await session.send("Network.enable");
      await session.send("Network.setCacheDisabled", { cacheDisabled: true });
      await session.send("Network.emulateNetworkConditions", { offline: false, latency: latencyMs, downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond });
      await session.send("Emulation.setCPUThrottlingRate", { rate: cpu });
      let transferred = 0;
      const files = {};
      const names = {};
      session.on("Network.responseReceived", (e) => (names[e.requestId] = e.response.url));
      session.on("Network.loadingFinished", (e) => {
        transferred += e.encodedDataLength;
        files[names[e.requestId]] = e.encodedDataLength;
      });
      await page.goto(url, { waitUntil: "networkidle" });
      const millis = await page.evaluate(
        () =>
          new Promise((done) => {
            const first = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
            if (first()) return done(first());
            new PerformanceObserver(() => first() && done(first())).observe({ type: "paint", buffered: true });
          }),
      );
      const largest = await page.evaluate(
        () => new Promise((done) => new PerformanceObserver((l) => done(l.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true })),
      );
      // What moved, and by how much of the window. The emulation of a phone counts as recent input.
      const moved = await page.evaluate(() => {
        const o = new PerformanceObserver(() => {});
        o.observe({ type: "layout-shift", buffered: true });
        const name = (n) => (n?.nodeType === 1 ? `${n.tagName.toLowerCase()}#${n.id}.${n.className}` : `${n?.nodeName} in ${n?.parentElement?.tagName}`);
        return o.takeRecords().map((e) => ({ by: e.value, what: e.sources.map((s) => `${name(s.node)} from ${s.previousRect.y} to ${s.currentRect.y}`) }));
      });
      const shift = moved.reduce((sum, e) => sum + e.by, 0);
      return { firstMillis: millis, largestMillis: largest, shift, moved, transferred, files };
    } finally {
      await context.close();
    }
  },
  async version() {
    return browser.version();
  },
};

async function run(command) {
  let answer;
  try {
    answer = { id: command.id, result: (await commands[command.op](command)) ?? null };
  } catch (e) {
    answer = { id: command.id, error: `${e.message ?? e}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void run(JSON.parse(line));
await browser.close();
