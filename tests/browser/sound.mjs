// What holds for every page: no serious fault of accessibility, valid HTML, no horizontal scrolling on a phone. With
// DJAMON_SHOTS=DIRECTORY a picture of each is written there, for people to look at.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { HtmlValidate } from "html-validate";
import { PASSWORD, cue, signIn } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const validator = new HtmlValidate({
  extends: ["html-validate:standard"],
  rules: {
    // How the source is written is nobody's trouble.
    "no-trailing-whitespace": "off",
    "attr-quotes": "off",
    "void-style": "off",
    "doctype-style": "off",
    "no-implicit-button-type": "off",
    "long-title": "off",
  },
});

const FOR_VISITORS = ["", "groups/shops", "sites/shop", "sites/blog", "outages", "outages/1", "outages/current", "login",
  "invite?key=the-key", "invite?key=none", "nothing-here", "outages?page=x", "?kiosk", "?q=nothing-is-like-that", "api/docs",
  "sites/shop?range=1y"];
const KINDS = ["email", "twitter", "webhook", "slack", "discord", "telegram", "teams", "ntfy", "pagerduty", "matrix", "mastodon",
  "alertmanager", "apprise"];
const FOR_ADMINS = ["", "sites/shop", "outages/1", "manage/sites", "manage/sites?q=shop", "manage/add/site",
  "manage/sites/shop", "manage/sites/shop/remove", "manage/groups", "manage/add/group", "manage/groups/shops",
  "manage/groups/shops/remove", "manage/channels", "manage/channels/ops", "manage/channels/ops/remove",
  ...KINDS.map((kind) => `manage/add/channel/${kind}`), "manage/users",
  "manage/users/2/disable", "manage/tokens", "manage/tokens/1/revoke", "manage/account", "outages", "groups/shops"];

/// Goes to every page, as a visitor and as an admin, and to what forms say when they refuse; `look` looks at each.
async function everywhere(page, look) {
  for (const path of FOR_VISITORS) {
    await page.goto(path);
    await look(`visitor ${path}`);
  }
  await page.goto("login");
  await page.getByLabel("Name").fill("Alice");
  await page.getByLabel("Password").fill("a guess");
  await page.getByRole("button", { name: "Sign in" }).click();
  await look("visitor login refused");
  await signIn(page);
  for (const path of FOR_ADMINS) {
    await page.goto(path);
    await look(`admin ${path}`);
  }
  await page.goto("manage/add/site");
  for (const summary of await page.locator("summary").all()) await summary.click();
  await look("admin add site unfolded");
  await page.getByLabel("Address", { exact: true }).fill("http://127.0.0.1:1/a/rather/long/path/that/goes/on/and/on/and/on");
  await page.getByLabel("Failed looks in a row that make an outage").fill("many");
  await page.getByLabel("Headers to send").fill("no colon");
  await page.getByRole("button", { name: "Add it" }).click();
  await look("admin add site refused");
  await page.getByLabel("Failed looks in a row that make an outage").fill("");
  await page.getByLabel("Headers to send").fill("");
  await page.getByRole("button", { name: "Try it now" }).click();
  await look("admin add site tried");
  await page.goto("manage/sites/blog");
  await page.locator("input[name=version]").evaluate((field) => { field.value = "0"; });
  await page.getByLabel("Name", { exact: true }).fill("Another name");
  await page.getByRole("button", { name: "Save" }).click();
  await look("admin edit conflict");
  await page.goto("manage/users");
  await page.getByLabel("Name", { exact: true }).fill("Zoe");
  await page.getByRole("button", { name: "Make a link" }).click();
  await look("admin invited");
  await page.goto("manage/tokens");
  await page.getByLabel("Name", { exact: true }).fill("ci");
  await page.getByRole("button", { name: "Make a token" }).click();
  await look("admin token made");
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByLabel("Name", { exact: true }).fill("ci");
  await page.getByRole("button", { name: "Make a token" }).click();
  await look("admin token refused");
  await page.goto("manage/sites/blog");
  await page.getByLabel("Name", { exact: true }).fill("Typed");
  await page.context().clearCookies({ name: "djamon-session" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("You are not signed in any more").waitFor();
  await look("visitor typed");
  await page.getByLabel("Name").fill("Alice");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "What you typed" }).waitFor();
  await look("admin typed");
}

async function picture(page, name, kind) {
  const directory = process.env.DJAMON_SHOTS;
  if (!directory) return;
  const file = `${name.replace(/[^a-z0-9]+/gi, "-").replace(/-$/, "")}-${kind}.png`;
  await page.screenshot({ path: `${directory}/${file}`, fullPage: true });
}

/// Axe finds no serious fault, and the HTML that was sent is valid.
export async function everyPageIsSound(page, kind) {
  let html = "";
  page.on("response", async (response) => {
    const isPage = response.request().isNavigationRequest() && response.status() !== 303;
    if (isPage) html = response.text();
  });
  const faults = [];
  const look = async (name) => {
    await page.waitForLoadState("load");
    await picture(page, name, kind);
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
    for (const fault of found.violations.filter((one) => ["serious", "critical"].includes(one.impact))) {
      faults.push(`${name}: ${fault.id}: ${fault.nodes.map((node) => `${node.html} (${node.failureSummary})`).join("\n    ")}`);
    }
    const report = await validator.validateString(await html);
    for (const message of report.results.flatMap((result) => result.messages)) {
      faults.push(`${name}: line ${message.line}: ${message.ruleId}: ${message.message} ${message.selector ?? ""}`);
    }
  };
  await everywhere(page, look);
  await cue("lose the database");
  assert.equal((await page.goto("")).status(), 503);
  await look("the database is away");
  await cue("find the database");
  await page.getByRole("heading", { level: 1, name: /^Outage since/ }).waitFor();
  assert.equal(faults.length, 0, `\n${[...new Set(faults)].join("\n")}`);
}

/// Nothing is wider than the screen.
export async function fitsAPhone(page) {
  const faults = [];
  await everywhere(page, async (name) => {
    await page.waitForLoadState("load");
    await picture(page, name, "phone");
    const wide = await page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return [];
      const all = [...document.querySelectorAll("body *")];
      return all.filter((one) => one.getBoundingClientRect().right > width + 1).map((one) => `${one.tagName}.${one.className}`);
    });
    if (wide.length > 0) faults.push(`${name}: ${wide.slice(0, 5).join(", ")}`);
  });
  assert.equal(faults.length, 0, `\n${faults.join("\n")}`);
}

/// Everything that can be clicked or filled gets the focus by the tabulator key, in the order of the page, and is seen to
/// have it.
export async function isReachedByKeyboard(page) {
  const faults = [];
  await everywhere(page, async (name) => {
    await page.waitForLoadState("load");
    const wanted = await page.evaluate(() => {
      document.activeElement?.blur();
      globalThis.getSelection().removeAllRanges();
      const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
      const open = all.filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.matches(":disabled"));
      open.forEach((one, n) => { one.dataset.n = n; });
      return open.length;
    });
    const reached = [];
    for (let step = 0; step < wanted + 2; step++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
        return { n: document.activeElement.dataset.n, isSeen, html: document.activeElement.outerHTML.slice(0, 120) };
      });
      if (at.n === undefined) continue;
      if (!at.isSeen) faults.push(`${name}: the focus is not seen on ${at.html}`);
      reached.push(Number(at.n));
    }
    const missing = [...Array(wanted).keys()].filter((n) => !reached.includes(n));
    for (const n of missing) {
      const html = await page.evaluate((n) => document.querySelector(`[data-n="${n}"]`).outerHTML.slice(0, 120), n);
      faults.push(`${name}: cannot be reached: ${html}`);
    }
    const first = reached.slice(0, wanted - missing.length);
    if (first.some((n, at) => at > 0 && n < first[at - 1] && first[at - 1] !== wanted - 1)) faults.push(`${name}: another order: ${first}`);
  });
  assert.equal(faults.length, 0, `\n${[...new Set(faults)].join("\n")}`);
}
