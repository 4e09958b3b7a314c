// Pages are complete without this. It puts the reader's own clock in place of UTC, keeps a page up to date without moving
// anything under the reader's hands, searches while one types and reads charts out.
"use strict";

const POLL_MS = 5000;
const two = (n) => String(n).padStart(2, "0");
const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
const all = (selector, root = document) => root.querySelectorAll(selector);

// --- Times ---

function localize(root) {
  const today = day(new Date());
  for (const time of all("time[datetime]", root)) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const seconds = /\d\d:\d\d:\d\d/.test(time.textContent) ? `:${two(at.getSeconds())}` : "";
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
    time.title = `${time.dateTime.slice(0, 10)} ${time.dateTime.slice(11, 19)} UTC`;
    time.textContent = day(at) === today ? clock : `${day(at)} ${clock}`;
  }
  for (const word of all("text[data-at]", root)) {
    const at = new Date(word.dataset.at);
    if (!word.textContent.includes(":")) continue;
    word.textContent = `${two(at.getHours())}:${two(at.getMinutes())}`;
    const note = word.closest(".chart").querySelector(".note");
    if (note) note.textContent = "";
  }
  tick(root);
}

// As the server writes it: the two largest units.
function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  const with_rest = (large, rest, unit) => (rest ? `${large} ${rest} ${unit}` : large);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${minutes} min`;
  if (seconds < 86400) return with_rest(`${hours} h`, minutes % 60, "min");
  return with_rest(`${days} d`, hours % 24, "h");
}

// How far the reader's clock is ahead of the server's; lengths of time are counted by the server's.
let ahead = 0;

function tick(root = document) {
  for (const one of all("[data-since]", root)) {
    const text = span(Date.now() - ahead - new Date(one.dataset.since).getTime());
    if (one.textContent !== text) one.textContent = text;
  }
}

// --- Changing the page under the reader's hands ---

const key = (node) => node.id || (node.nodeType === 1 && node.querySelector(":scope a[href]")?.getAttribute("href")) || "";

// Makes `old` like `fresh`, touching only what differs: focus, selection, scroll, folds and what is typed stay.
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.id)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name === "open" && old.id) continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.tagName === "FORM") return;
  const known = new Map();
  for (const child of old.children) if (key(child)) known.set(child.tagName + key(child), child);
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = wanted.nodeType === 1 && key(wanted) ? known.get(wanted.tagName + key(wanted)) : null;
    let node = same?.parentNode === old ? same : place;
    const fits = node && node.nodeType === wanted.nodeType && node.nodeName === wanted.nodeName &&
      (node === same || !same && !(node.nodeType === 1 && key(node) && key(node) !== key(wanted)));
    if (!fits) {
      old.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (node !== place) old.insertBefore(node, place);
    else place = place.nextSibling;
    if (node.nodeType === 1) morph(node, wanted);
    else if (node.data !== wanted.data) node.data = wanted.data;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const main = fresh.querySelector("main");
  if (!main) return location.reload();
  localize(main);
  // What the reader is looking for is in the form already; only how much was found is news.
  const [found, news] = [document, main].map((root) => root.querySelector(".found"));
  if (found && news) morph(found, news);
  // What is moved loses the focus.
  const focus = document.activeElement;
  morph(document.querySelector("main"), main);
  if (focus !== document.activeElement && focus?.isConnected) focus.focus({ preventScroll: true });
  if (document.title !== fresh.title) document.title = fresh.title;
  const icon = (root) => root.querySelector("link[rel=icon]");
  if (icon(document).href !== icon(fresh).href) icon(document).href = icon(fresh).href;
  document.body.className = fresh.body.className;
}

// --- Staying up to date ---

const away = document.getElementById("away");
let lost = null;
let asking = null;

function missing(problem) {
  lost ??= new Date();
  away.textContent = `${problem} since ${two(lost.getHours())}:${two(lost.getMinutes())}:${two(lost.getSeconds())}. ` +
    "What is shown was true then.";
  away.hidden = false;
}

async function ask(url, since) {
  asking?.abort();
  asking = new AbortController();
  const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(15000)]);
  const address = new URL(url);
  if (since) address.searchParams.set("since", since);
  try {
    const answer = await fetch(address, { cache: "no-store", signal, headers: { accept: "text/html" } });
    if (answer.headers.get("date")) ahead = Date.now() - new Date(answer.headers.get("date")).getTime();
    if (Math.abs(ahead) < 2000) ahead = 0;
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return missing(answer.status === 503 ? "The monitor's database is away" : `The server answers ${answer.status}`);
    lost = null;
    away.hidden = true;
    if (answer.status === 200) show(await answer.text());
  } catch (error) {
    if (error.name !== "AbortError") missing("The server cannot be reached");
  }
}

// A page that could not be had is loaded once it can be.
async function retry() {
  const answer = await fetch(location.href, { cache: "no-store", headers: { accept: "text/html" } }).catch(() => null);
  if (answer?.ok) location.reload();
}

function poll() {
  if (document.getElementById("retry") && !document.hidden) return retry();
  const token = document.querySelector("main").dataset.token;
  if (token && !document.hidden) ask(location.href, token);
}

// --- Searching while one types ---

function search(form) {
  const address = new URL(form.action);
  for (const [name, value] of new FormData(form)) if (value.trim()) address.searchParams.set(name, value);
  history.replaceState(null, "", address);
  ask(address);
}

let typing = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.find");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(search, 150, form);
});
document.addEventListener("submit", (event) => {
  // A form's own names hide its methods: one has a field called "matches".
  if (!event.target.classList.contains("find")) return;
  event.preventDefault();
  search(event.target);
});

// --- What is shown once is copied whole ---

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input.link")) event.target.select();
});

// --- Reading charts out ---

function read(figure, row) {
  const heads = [...all("th", figure)].map((head) => head.textContent);
  const said = [...row.cells].map((cell, n) => (n ? cell.textContent && cell.textContent !== "–" && `${heads[n]} ${cell.textContent}` : cell.textContent));
  figure.querySelector(".readout").textContent = said.filter(Boolean).join(" · ");
  figure.querySelector(".cursor").setAttribute("d", `M${row.dataset.x} 0v160`);
  figure.chosen = row;
}

const rows = (figure) => [...all("tr[data-x]", figure)];

document.addEventListener("pointermove", (event) => {
  const drawing = event.target.closest?.("svg.plot, svg.days");
  const figure = drawing?.closest(".chart");
  if (!figure || !rows(figure).length) return;
  const box = drawing.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * Number(figure.dataset.width);
  const far = (row) => Math.abs(Number(row.dataset.x) - x);
  read(figure, rows(figure).reduce((best, row) => (far(row) < far(best) ? row : best)));
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".chart")) return;
  const known = rows(event.target);
  const now = known.indexOf(event.target.chosen);
  const steps = { ArrowLeft: now < 0 ? known.length - 1 : now - 1, ArrowRight: now < 0 ? 0 : now + 1, Home: 0, End: known.length - 1 };
  const row = known[Math.max(0, steps[event.key])];
  if (!(event.key in steps) || !row) return;
  event.preventDefault();
  read(event.target, row);
});

// --- Folded groups stay folded ---

const FOLDED = "djamon-folded";
const folded = () => new Set(JSON.parse(sessionStorage.getItem(FOLDED) ?? "[]"));
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.group[id]")) return;
  const now = folded();
  event.target.open ? now.delete(event.target.id) : now.add(event.target.id);
  sessionStorage.setItem(FOLDED, JSON.stringify([...now]));
}, true);
for (const id of folded()) document.getElementById(id)?.removeAttribute("open");

localize(document);
setInterval(tick, 1000);
setInterval(poll, POLL_MS);
document.addEventListener("visibilitychange", poll);
// At once too: the answer tells what time it is there.
poll();
