// Every page there is, by its links: with hostile content in all of them, and behind a proxy under a path.
import assert from "node:assert/strict";
import { cue, signIn, withBrowser } from "./browser.mjs";

/// Follows every link below `address` and calls `look` on each page; gives how many there were.
async function crawl(page, address, look) {
  const strip = (url) => url.split("#")[0];
  const seen = new Set();
  const wanted = [address];
  while (wanted.length > 0) {
    const url = wanted.pop();
    if (seen.has(url)) continue;
    seen.add(url);
    const response = await page.goto(url);
    assert.ok(response.status() < 400 || /outages\/current$/.test(url), `${url}: ${response.status()}`);
    if (!response.headers()["content-type"].startsWith("text/html")) continue;
    await look(url);
    for (const link of await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((one) => one.href))) {
      // Other colours and spans of time are the same page.
      if (/[?&](theme|range)=/.test(link)) continue;
      wanted.push(strip(link));
    }
  }
  return seen.size;
}

export const crawls = (address, target) => ({
  async hostile_content_runs_nothing_anywhere() {
    await withBrowser(address, {}, async (context, page) => {
      await context.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) =>
          console.error(`csp: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
      });
      let texts = 0;
      const look = async (url) => {
        const found = await page.evaluate(() => {
          const ours = (one) => new URL(one.src).pathname.startsWith("/static/");
          const all = (selector) => [...document.querySelectorAll(selector)];
          return {
            foreign: [
              ...all("script").filter((one) => !one.src || !ours(one)),
              ...all("iframe, base, style, math, object, embed, img[src='x'], meta[content*='evil']"),
              ...all("form").filter((one) => new URL(one.getAttribute("action") ?? "", location.href).origin !== location.origin),
              ...all("*").filter((one) => [...one.attributes].some(({ name, value }) =>
                name.startsWith("on") || (["href", "src", "action"].includes(name) && /^\s*javascript:/i.test(value)))),
            ].map((one) => one.outerHTML),
            theirs: document.body.innerText.includes("alert(1)"),
            styled: getComputedStyle(document.querySelector("main")).display,
          };
        });
        assert.deepEqual(found.foreign, [], url);
        assert.notEqual(found.styled, "none", url);
        texts += found.theirs ? 1 : 0;
      };
      const ofVisitors = await crawl(page, address, look);
      await signIn(page);
      const ofAdmins = await crawl(page, address, look);
      assert.ok(ofVisitors > 60 && ofAdmins > 150, `${ofVisitors} and ${ofAdmins} pages`);
      assert.ok(texts > 100, `theirs is on ${texts} pages`);

      // What is looked for comes back in the form; what was tried says where it was led.
      for (const payload of ["\"><script>alert(1)</script>", "' onmouseover='alert(1)"]) {
        await page.goto(`?q=${encodeURIComponent(payload)}`);
        await look("search");
        assert.equal(await page.getByLabel("Search").inputValue(), payload);
      }
      await page.goto("manage/add/site");
      await page.getByLabel("Address", { exact: true }).fill(`${target}/`);
      await page.getByRole("button", { name: "Try it now" }).click();
      await page.getByRole("status").waitFor();
      await look("tried");

      // News that a script puts into the page are text too.
      await page.goto("");
      await page.getByLabel("Search").fill("<");
      await page.waitForURL(/q=/);
      await page.locator(".found").filter({ hasText: / of \d+ systems/ }).waitFor();
      await look("found");
      await page.goto("");
      await cue("news");
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.locator(".card").filter({ hasText: "news-" }).first().waitFor();
      await look("news");
      for (const element of await page.locator("main a").all().then((all) => all.slice(0, 20))) await element.hover();
    });
  },

  async everything_stays_under_the_path_of_a_proxy() {
    await withBrowser(address, {}, async (context, page) => {
      const path = new URL(address).pathname;
      const look = async (url) => {
        const outside = await page.evaluate((path) => {
          const named = ["href", "src", "action"];
          const all = [...document.querySelectorAll("[href], [src], [action]")];
          const values = all.flatMap((one) => named.filter((name) => one.hasAttribute(name)).map((name) => one.getAttribute(name)));
          // In the page itself (an icon, the main part) or by parameters of this address.
          return values.filter((value) => !value.startsWith("#") && !new URL(value, location.href).pathname.startsWith(path));
        }, path);
        assert.deepEqual(outside, [], url);
        const sheet = await page.evaluate(() => document.styleSheets.length > 0 && document.styleSheets[0].cssRules.length);
        assert.ok(sheet > 10, `${url} has its style sheet`);
      };
      assert.ok(await crawl(page, address, look) > 10);
      await signIn(page);
      assert.ok((await context.cookies()).every((cookie) => cookie.path.startsWith(path.replace(/\/$/, ""))));
      assert.ok(await crawl(page, address, look) > 30);

      // Forms and where they lead.
      await page.goto("manage/add/site");
      await page.getByLabel("Address", { exact: true }).fill(target);
      await page.getByRole("button", { name: "Try it now" }).click();
      await page.getByRole("heading", { name: "A good answer, HTTP 200" }).waitFor();
      await page.getByRole("button", { name: "Add it" }).click();
      await page.getByText("is added; the next run looks at it.").waitFor();
      assert.ok(page.url().startsWith(address));
      await page.goto("");
      await page.getByLabel("Search").fill("shop");
      await page.waitForURL(/q=shop/);
      assert.ok(page.url().startsWith(address), page.url());

      // The page stays up to date, and signing out ends below the path too.
      await page.goto("");
      await page.evaluate(() => { globalThis.stays = true; });
      await cue("recover");
      await page.getByRole("heading", { level: 1, name: /up/ }).waitFor();
      assert.equal(await page.evaluate(() => globalThis.stays), true);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("link", { name: "Sign in" }).waitFor();
      assert.ok(page.url().startsWith(address), page.url());
      await page.goto("nothing-here");
      await look("404");
    });
  },
});
