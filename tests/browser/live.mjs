// Pages that stay open: an outage that comes and goes, charts that are read out.
import assert from "node:assert/strict";
import { cue, withBrowser } from "./browser.mjs";

export const live = (address) => ({
  async an_outage_comes_and_goes_while_the_page_stays_open() {
    await withBrowser(address, {}, async (_, page) => {
      const polls = [];
      page.on("response", (response) => {
        if (response.url().includes("since=")) polls.push(response.status());
      });
      await page.goto("");
      await page.getByRole("heading", { level: 1, name: "All 40 systems up" }).waitFor();
      // Whatever loads the page anew takes this away.
      await page.evaluate(() => { globalThis.stays = true; });
      await page.locator("summary").filter({ hasText: "Shops" }).click();
      const search = page.getByLabel("Search");
      await search.focus();
      const far = page.getByRole("link", { name: "System 38", exact: true });
      await far.scrollIntoViewIfNeeded();
      await far.focus();
      const place = () => far.evaluate((link) => Math.round(link.getBoundingClientRect().top));
      const before = { place: await place(), scroll: await page.evaluate(() => scrollY) };
      assert.ok(before.scroll > 200, "there is something to scroll");

      await cue("fail");
      await page.getByRole("heading", { level: 1, name: /^Outage since .*: Blog$/ }).waitFor();
      assert.match(await page.title(), /^Outage: Blog/);
      assert.match(await page.locator("link[rel=icon]").getAttribute("href"), /icon-outage/);
      await page.getByRole("heading", { name: "Outage 1" }).waitFor();
      assert.equal(await far.evaluate((link) => document.activeElement === link), true, "the focus stays");
      assert.ok(Math.abs(await place() - before.place) <= 60, `what one reads stays in its place: ${before.place}, ${await place()}`);
      assert.equal(await page.locator("details.group").filter({ hasText: "Shops" }).getAttribute("open"), null, "a fold stays");

      await cue("recover");
      await page.getByRole("heading", { level: 1, name: "All 40 systems up" }).waitFor();
      assert.equal(await page.getByRole("heading", { name: "Outage 1" }).count(), 0);
      assert.match(await page.title(), /^All 40 systems up/);
      assert.equal(await far.evaluate((link) => document.activeElement === link), true);
      assert.equal(await page.evaluate(() => globalThis.stays), true, "the page was never loaded anew");

      // While nothing happens, nothing is sent.
      const count = polls.length;
      for (let n = 0; n < 3; n++) {
        const answer = page.waitForResponse((response) => response.url().includes("since="));
        await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
        await answer;
      }
      assert.deepEqual(polls.slice(count), [204, 204, 204]);

      // What is typed stays when news come, and so does what it found.
      await search.fill("System 3");
      await page.waitForURL(/q=System\+3/);
      await page.locator(".found").filter({ hasText: "13 of 40" }).waitFor();
      await cue("fail");
      await page.getByRole("heading", { level: 1, name: /^Outage since/ }).waitFor();
      assert.equal(await search.inputValue(), "System 3");
      assert.equal(await search.evaluate((field) => document.activeElement === field), true);
      assert.equal(await page.locator("li.site").count(), 13);

      // A server that is away is said, and that it is back.
      await page.route("**/*since=*", (route) => route.abort());
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.getByText(/^The server cannot be reached since/).waitFor();
      await page.unroute("**/*since=*");
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.locator("#away").waitFor({ state: "hidden" });
    }, [/Failed to load resource: net::ERR_FAILED/]);
  },

  async charts_are_read_out_by_pointer_and_keyboard() {
    await withBrowser(address, {}, async (_, page) => {
      await page.goto("sites/shop");
      for (const [name, drawing, first] of [
        [/^Response times of the last 24 hours/, "svg.plot", /Median/],
        [/^Last 90 days/, "svg.days", /^\d{4}-\d\d-\d\d/],
      ]) {
        const figure = page.locator("figure.chart").filter({ has: page.locator(drawing) });
        await figure.getByRole("img", { name }).waitFor();
        const said = figure.locator(".readout");
        assert.equal(await said.innerText(), "");
        assert.equal(await said.getAttribute("aria-live"), "polite");

        // For those who see no drawing: the same figures as a table.
        await figure.locator("summary").click();
        await figure.getByRole("table").waitFor();
        const rows = figure.locator("tbody tr");
        const cells = (row) => row.locator("td").allTextContents();
        const last = await cells(rows.last());
        assert.ok(await rows.count() >= 1 && last.length >= 4);
        await figure.locator("summary").click();

        // By pointer.
        const box = await figure.locator(drawing).boundingBox();
        await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
        const pointed = await said.innerText();
        assert.ok(pointed.startsWith(last[0]), `${pointed} is of ${last[0]}`);
        assert.match(pointed, first);
        assert.match(await figure.locator(".cursor").getAttribute("d"), /^M\d+ 0v160$/);

        // By keyboard: from one end to the other.
        await figure.focus();
        await page.keyboard.press("Home");
        const oldest = await cells(rows.first());
        assert.equal((await said.innerText()).split(" · ")[0], oldest[0]);
        if (await rows.count() > 1) {
          await page.keyboard.press("ArrowRight");
          assert.ok((await said.innerText()).startsWith((await cells(rows.nth(1)))[0]));
          await page.keyboard.press("ArrowLeft");
          assert.ok((await said.innerText()).startsWith(oldest[0]));
        }
        await page.keyboard.press("End");
        assert.equal(await said.innerText(), pointed, "the same by keyboard as by pointer");
      }
      await page.getByRole("link", { name: "7 days" }).click();
      await page.getByRole("img", { name: /^Response times of the last 7 days/ }).waitFor();
    });
  },
});
