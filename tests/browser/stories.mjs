// What people do, told as stories: node stories.mjs STORY ADDRESS [TARGET]. The Rust test `browser` starts the server with
// Alice (admin) and Bob (viewer), and a target that answers.
import assert from "node:assert/strict";
import { PASSWORD, cue, signIn, withBrowser } from "./browser.mjs";
import { changes } from "./changes.mjs";
import { crawls } from "./crawl.mjs";
import { live } from "./live.mjs";
import { everyPageIsSound, fitsAPhone, isReachedByKeyboard } from "./sound.mjs";

const [story, address, target] = process.argv.slice(2);

/// What the browser prints of a page that says that the database is away.
const AWAY = [/responded with a status of 503/];

const stories = {
  ...live(address),
  ...changes(address, target),
  ...crawls(address, target),

  async signing_in_and_out() {
    await withBrowser(address, {}, async (context, page) => {
      await page.goto("sites/shop");
      assert.equal(await page.getByText("site.test").count(), 0, "visitors see no addresses");
      await page.getByRole("link", { name: "Sign in" }).click();
      await focusOn(page, "name");
      await page.getByLabel("Name").fill("Alice");
      await page.getByLabel("Password").fill("a guess");
      await page.getByRole("button", { name: "Sign in" }).click();
      assert.match(await page.getByRole("alert").innerText(), /Name or password is wrong/);
      assert.equal(await page.getByLabel("Name").inputValue(), "Alice");
      await focusOn(page, "password");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByText("http://site.test/").waitFor();
      assert.match(page.url(), /\/sites\/shop$/, "back where one was");
      const cookie = (await context.cookies()).find((one) => one.name === "djamon-session");
      assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
      assert.equal(await page.evaluate(() => document.cookie), "", "no script can read a cookie of ours");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("link", { name: "Sign in" }).waitFor();
      await page.goto("manage/sites");
      assert.match(page.url(), /\/login\?next=/);
    });
  },

  async adding_a_site_with_try_it_now() {
    await withBrowser(address, {}, async (_, page) => {
      await signIn(page);
      await addWithTrial(page);
    });
  },

  async adding_a_site_without_javascript() {
    await withBrowser(address, { javaScriptEnabled: false }, async (_, page) => {
      await signIn(page);
      await addWithTrial(page);
    });
  },

  async everything_without_javascript() {
    await withBrowser(address, { javaScriptEnabled: false }, async (_, page) => {
      await page.goto("");
      await page.getByRole("heading", { level: 1, name: /^Outage since .* UTC: Shop, Database$/ }).waitFor();
      await page.getByLabel("Search").fill("blog");
      await page.getByRole("button", { name: "Show", exact: true }).click();
      await page.waitForURL(/q=blog/);
      assert.deepEqual(await page.locator("li.site .who a").allInnerTexts(), ["Blog"]);
      await page.getByRole("link", { name: "show all" }).click();
      await page.getByRole("link", { name: /2 down/ }).click();
      assert.deepEqual((await page.locator("li.site .who a").allInnerTexts()).sort(), ["Database", "Shop"]);
      await page.getByRole("link", { name: "dark" }).click();
      assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
      await page.goto("sites/shop");
      await page.getByRole("link", { name: "7 days" }).click();
      await page.getByText("The figures as a table").click();
      assert.match(await page.getByRole("table").first().innerText(), /Median/);
      await signIn(page);
      await page.goto("outages/1");
      await page.getByLabel("Acknowledge it").fill("by hand");
      await page.getByRole("button", { name: "I have it in hand" }).click();
      await page.locator(".steps").getByText("by hand").waitFor();
      await page.goto("manage/tokens");
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByRole("button", { name: "Make a token" }).click();
      assert.match(await page.getByLabel("The token ci").inputValue(), /^dj_/);
      await page.getByRole("link", { name: "Revoke ci" }).click();
      await page.getByRole("button", { name: "Revoke ci" }).click();
      await page.getByText("ci is revoked").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("link", { name: "Sign in" }).waitFor();
    });
  },

  async editing_in_two_tabs() {
    await withBrowser(address, {}, async (context, one) => {
      await signIn(one);
      const other = await context.newPage();
      await one.goto("manage/sites/blog");
      await other.goto("manage/sites/blog");
      await one.getByLabel("Name", { exact: true }).fill("Our blog");
      await one.getByRole("button", { name: "Save" }).click();
      await one.getByText("Our blog is saved.").waitFor();
      await other.getByLabel("Name", { exact: true }).fill("The blog");
      await other.getByLabel("Checked every").fill("5m");
      await other.getByRole("button", { name: "Save" }).click();
      await other.getByRole("heading", { name: "Somebody else has saved this system meanwhile" }).waitFor();
      const rows = await other.getByRole("row").allInnerTexts();
      assert.deepEqual(rows.slice(1).map((row) => row.split(/\s*\t\s*/)), [
        ["Name", "Our blog", "The blog"],
        ["Checked every", "–", "5m"],
      ]);
      await other.getByRole("button", { name: "Save mine over theirs" }).click();
      await other.getByText("The blog is saved.").waitFor();
      await one.reload();
      assert.equal(await one.getByLabel("Name", { exact: true }).inputValue(), "The blog");
    });
  },

  async everything_by_keyboard_alone() {
    await withBrowser(address, {}, async (_, page) => {
      await page.goto("");
      await tabTo(page, "Skip to content");
      await tabTo(page, "Sign in");
      await page.keyboard.press("Enter");
      await focusOn(page, "name");
      await page.keyboard.type("Alice");
      await page.keyboard.press("Tab");
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      await tabTo(page, "Manage");
      await page.keyboard.press("Enter");
      await page.waitForURL(/manage\/sites$/);
      await tabTo(page, "Add a system");
      await page.keyboard.press("Enter");
      await focusOn(page, "url");
      await page.keyboard.type(target);
      await tabTo(page, "When it is an outage");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      await page.keyboard.type("many");
      await tabTo(page, "Add it");
      await page.keyboard.press("Enter");
      await page.getByText("is not a whole number").waitFor();
      await focusOn(page, "attempts"); // the first error
      await page.keyboard.press("Control+A");
      await page.keyboard.type("4");
      await tabTo(page, "Try it now");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "A good answer, HTTP 200" }).waitFor();
      await tabTo(page, "Add it");
      await page.keyboard.press("Enter");
      await page.getByText("is added; the next run looks at it.").waitFor();
      const name = target.replace("http://", "").replace(/\/$/, "");
      await tabTo(page, `Remove ${name}`);
      await page.keyboard.press("Enter");
      await page.waitForURL(/remove$/);
      await tabTo(page, `Remove ${name}`);
      await page.keyboard.press("Enter");
      await page.getByText(`${name} is removed.`).waitFor();
    });
  },

  async every_control_is_reached_by_keyboard() {
    await withBrowser(address, {}, (_, page) => isReachedByKeyboard(page));
  },

  async everything_on_a_phone() {
    await withBrowser(address, { viewport: { width: 360, height: 740 } }, (_, page) => fitsAPhone(page));
  },

  async names_are_whole_on_every_screen() {
    for (const width of [360, 768, 1280, 1920, 2560, 3840]) {
      await withBrowser(address, { viewport: { width, height: 1000 } }, async (_, page) => {
        for (const path of ["", "?kiosk"]) {
          await page.goto(path);
          await page.locator("li.site").first().waitFor();
          // At most four lines of at least twelve letters, each name within its row.
          const names = await page.locator("li.site .who a").evaluateAll((all) => all.map((one) => {
            const [name, row] = [one, one.closest("li")].map((node) => node.getBoundingClientRect());
            const letters = name.width / parseFloat(getComputedStyle(one).fontSize) * 2;
            return { text: one.textContent, lines: one.getClientRects().length, letters, isInside: name.right <= row.right };
          }));
          for (const name of names) {
            const isWhole = name.isInside && name.lines <= 4 && name.letters >= Math.min(12, name.text.length) * 0.8;
            assert.ok(isWhole, `${width} ${path}: ${JSON.stringify(name)}`);
          }
        }
      });
    }
  },

  async times_are_by_the_readers_own_clock() {
    const zone = "Asia/Kathmandu"; // A quarter of an hour beside the full one.
    await withBrowser(address, { timezoneId: zone }, async (_, page) => {
      for (const path of ["", "sites/shop", "outages", "outages/1"]) {
        await page.goto(path);
        const times = await page.locator("time[datetime]").evaluateAll((all) => all.map((one) => (
          { at: one.dateTime, text: one.textContent, title: one.title })));
        assert.ok(times.length > 0, path);
        for (const { at, text, title } of times) {
          const there = new Date(at).toLocaleString("sv-SE", { timeZone: zone });
          assert.equal(text, there.slice(0, text.length), `${path}: ${at}`);
          assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$/);
          assert.equal(title, `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`, path);
        }
      }
    });
  },

  async on_paper_there_is_nothing_to_click_and_no_dark() {
    await withBrowser(address, { colorScheme: "dark" }, async (_, page) => {
      await page.goto("?theme=dark");
      for (const path of ["", "sites/shop", "outages/1"]) {
        await page.goto(path);
        await page.emulateMedia({ media: "print" });
        const paper = await page.evaluate(() => ({
          ground: getComputedStyle(document.body).backgroundColor,
          ink: getComputedStyle(document.querySelector("h1")).color,
          toClick: [...document.querySelectorAll("button, input, select, nav, .themes")].filter((one) => one.checkVisibility()).length,
          wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }));
        assert.deepEqual([paper.ground, paper.toClick, paper.wide], ["rgb(255, 255, 255)", 0, 0], path);
        assert.ok(paper.ink.match(/\d+/g).every((part) => Number(part) < 128), `${path}: ${paper.ink}`);
        await page.emulateMedia({ media: "screen" });
      }
    });
  },

  async every_page_is_sound_in_the_light() {
    await withBrowser(address, { colorScheme: "light" }, (_, page) => everyPageIsSound(page, "light"), AWAY);
  },

  async every_page_is_sound_in_the_dark() {
    await withBrowser(address, { colorScheme: "dark" }, (_, page) => everyPageIsSound(page, "dark"), AWAY);
  },

  // For the benchmark: how many milliseconds the home page takes until nothing is missing. The first visit is not counted.
  async the_home_page_is_complete() {
    await withBrowser(address, {}, async (_context, page) => {
      const took = [];
      for (let visit = 0; visit < 10; visit++) {
        await page.goto(`${address}?n=${visit}`, { waitUntil: "load" });
        await page.waitForFunction(() => performance.getEntriesByType("navigation")[0].loadEventEnd > 0);
        took.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].duration));
      }
      await cue(`took ${took.slice(1).sort((one, other) => one - other)[4].toFixed(1)}`);
    });
  },
};

/// Adds the target, after a look that fails and one that does not; nothing typed is lost on the way.
async function addWithTrial(page) {
  await page.goto("manage/sites");
  await page.getByRole("link", { name: "Add a system" }).click();
  await page.getByLabel("Address", { exact: true }).fill(target);
  await page.getByLabel("Name", { exact: true }).fill("The target");
  await page.getByLabel("Group").selectOption("Shops");
  await page.getByText("What is a good answer").click();
  await page.getByLabel("Good status codes").fill("404");
  await page.getByRole("button", { name: "Try it now" }).click();
  await page.getByRole("heading", { name: "Bad status, HTTP 200" }).waitFor();
  assert.equal(await page.getByLabel("Good status codes").inputValue(), "404");
  await page.getByLabel("Good status codes").fill("200");
  await page.getByRole("button", { name: "Try it now" }).click();
  await page.getByRole("heading", { name: "A good answer, HTTP 200" }).waitFor();
  assert.match(await page.getByRole("status").innerText(), /Nothing is saved yet/);
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "The target");
  assert.equal(await page.getByLabel("Group").inputValue(), "shops");
  await page.getByRole("button", { name: "Add it" }).click();
  await page.getByText("The target is added; the next run looks at it.").waitFor();
  await page.getByRole("link", { name: "The target", exact: true }).click();
  assert.equal(await page.getByLabel("Good status codes").inputValue(), "200");
}

/// Waits until the field has the focus by itself.
function focusOn(page, name) {
  return page.waitForFunction((wanted) => document.activeElement?.name === wanted, name);
}

/// Tabs on until what is called `name` has the focus, which must be seen.
async function tabTo(page, name) {
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const label = element.getAttribute("aria-label") ?? element.innerText ?? "";
      const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
      return { label: label.trim(), isSeen, tag: element.tagName };
    });
    assert.ok(focus.isSeen || focus.tag === "BODY", `the focus on ${focus.tag} ${focus.label} is not seen`);
    if (focus.label === name) return;
  }
  assert.fail(`${name} cannot be reached by keyboard`);
}

try {
  await stories[story]();
  // Standard input may still be open.
  process.exit(0);
} catch (error) {
  console.error(`${story}: ${error.stack}`);
  process.exit(1);
}
