// A browser that minds what no page of ours may do: print errors, run into the content security policy, open dialogs, ask
// for anything that is not below its address. Stories get pages from here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/// Opens a browser for `story`, closes it afterwards, and fails when a page complained of anything but `expected`.
export async function withBrowser(address, options, story, expected = []) {
  const directory = mkdtempSync(join(tmpdir(), "djamon-browser-"));
  const complaints = [];
  const context = await chromium.launchPersistentContext(directory, {
    executablePath: "/usr/bin/chromium", args: FLAGS, baseURL: address, viewport: { width: 1280, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(20_000);
  context.on("console", (message) => {
    // A page that refuses a form says so by its status, which the browser prints too.
    const isStatus = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isStatus) {
      complaints.push(`${message.location().url}: ${message.text()}`);
    }
  });
  context.on("dialog", (dialog) => {
    complaints.push(`${dialog.page()?.url()}: a dialog says ${dialog.message()}`);
    return dialog.dismiss();
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:")) complaints.push(`asked for ${url}`);
  });
  try {
    await story(context, await context.newPage());
    const left = complaints.filter((one) => !expected.some((pattern) => pattern.test(one)));
    if (left.length > 0) throw new Error(`the browser complained:\n${left.join("\n")}`);
  } finally {
    await context.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const PASSWORD = "correct horse";

let done;

/// Has the Rust side of the test do what `word` says there, and waits until it is done.
export async function cue(word) {
  done ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write(`cue ${word}\n`);
  await done.next();
}

/// Signs in by the form.
export async function signIn(page, name = "Alice") {
  await page.goto("login");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}
