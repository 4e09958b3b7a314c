// What admins change by the pages beside systems: channels, outages taken in hand, tokens, forms that come too late.
import assert from "node:assert/strict";
import { PASSWORD, cue, signIn, withBrowser } from "./browser.mjs";

export const changes = (address, target) => ({
  async a_channel_is_added_tried_and_removed() {
    await withBrowser(address, {}, async (_, page) => {
      await signIn(page);
      await page.getByRole("link", { name: "Manage" }).click();
      await page.getByRole("link", { name: "Channels" }).click();
      await page.getByRole("link", { name: "Webhook", exact: true }).click();
      await page.getByLabel("Name", { exact: true }).fill("ops");
      await page.getByLabel("url", { exact: true }).fill("nowhere");
      await page.getByRole("button", { name: "Add it" }).click();
      await page.locator(".field.wrong").first().waitFor();
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "ops", "what is typed stays");
      await page.getByLabel("url", { exact: true }).fill(`${target}/hush`);
      await page.getByRole("button", { name: "Add it" }).click();
      await page.getByText("ops is added").waitFor();
      await page.getByRole("button", { name: "Send a test to ops" }).click();
      await page.getByText("The test has left").waitFor();
      await page.getByRole("link", { name: "ops", exact: true }).click();
      assert.ok(!(await page.content()).includes("/hush"), "a secret is never shown");
      await page.getByRole("link", { name: "Remove…" }).click();
      await page.getByRole("button", { name: "Remove ops" }).click();
      await page.getByText("ops is removed.").waitFor();
    });
  },

  async an_outage_is_taken_in_hand_and_noted() {
    await withBrowser(address, {}, async (_, page) => {
      await signIn(page);
      await page.goto("outages/current");
      await page.getByLabel("Acknowledge it").fill("the fuse");
      await page.getByRole("button", { name: "I have it in hand" }).click();
      await page.locator(".steps").getByText("the fuse").waitFor();
      assert.match(await page.locator(".steps").innerText(), /by Alice/);
      assert.equal(await page.getByRole("button", { name: "I have it in hand" }).count(), 0, "it is taken");
      await page.locator("textarea[name=text]").fill("New fuse is in.\nWatching.");
      await page.getByRole("button", { name: "Add the note" }).click();
      await page.locator(".steps").getByText("New fuse is in.").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.goto("outages/1");
      assert.equal(await page.getByText("fuse").count(), 0, "visitors do not read notes");
    });
  },

  async a_token_is_made_copied_used_and_revoked() {
    await withBrowser(address, {}, async (context, page) => {
      await signIn(page);
      await page.getByRole("link", { name: "Manage" }).click();
      await page.getByRole("link", { name: "Tokens" }).click();
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByLabel("May").selectOption("write");
      await page.getByLabel("Good for").fill("soon");
      await page.getByRole("button", { name: "Make a token" }).click();
      await page.locator(".field.wrong").waitFor();
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "ci");
      await page.getByLabel("Good for").fill("90d");
      await page.getByRole("button", { name: "Make a token" }).click();
      const shown = page.getByLabel("The token ci");
      const token = await shown.inputValue();
      assert.match(token, /^dj_[\w-]{43}$/);
      const chosen = await shown.evaluate((field) =>
        field === document.activeElement && field.value.slice(field.selectionStart, field.selectionEnd));
      assert.equal(chosen, token, "it is chosen whole, ready to be copied");
      const ask = () => context.request.get("api/v1/sites/shop", { headers: { authorization: `Bearer ${token}` } });
      assert.equal((await ask()).status(), 200);
      await page.getByRole("link", { name: "Tokens" }).click();
      assert.ok(!(await page.content()).includes(token), "it is shown once");
      await page.getByText(/by Alice, last used/).waitFor();
      await page.getByRole("link", { name: "Revoke ci" }).click();
      await page.getByRole("button", { name: "Revoke ci" }).click();
      await page.getByText("ci is revoked").waitFor();
      assert.equal((await ask()).status(), 401);
    });
  },

  async what_was_typed_outlives_the_session() {
    await withBrowser(address, {}, async (context, page) => {
      await signIn(page);
      await page.goto("manage/sites/blog");
      await page.getByLabel("Name", { exact: true }).fill("Our blog");
      await page.getByLabel("Checked every").fill("7m");
      await cue("end");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("You are not signed in any more").waitFor();
      await page.getByLabel("Name").fill("Alice");
      await page.getByLabel("Password").fill("a guess");
      await page.keyboard.press("Enter");
      await page.getByText("Name or password is wrong").waitFor();
      await page.getByLabel("Password").fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "What you typed" }).waitFor();
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Our blog");
      assert.equal(await page.getByLabel("Interval").inputValue(), "7m");
      await page.getByRole("button", { name: "Send it" }).click();
      await page.getByText("Our blog is saved.").waitFor();
      await page.goto("manage/sites/blog");
      assert.equal(await page.getByLabel("Checked every").inputValue(), "7m");
    });
  },
});
