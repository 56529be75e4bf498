// The live log of requests: the latest on top, filtered, paused, opened for its headers.

import { answered } from "./api.js";
import { byId, el, fill, icon } from "./dom.js";
import { bytes, clockTime, decoded, duration } from "./format.js";

const MOST_KEPT = 2000;
const MOST_DRAWN = 300;
const entries = new Map();
const opened = new Set();
const rows = new Map(); // what was drawn of an entry, to be used again while it stays the same
let held = null; // what came while paused
let skipped = 0;
let drawing = false;

export function startLog() {
  for (const id of ["log-filter", "log-outcome"]) byId(id).addEventListener("input", draw);
  byId("log-pause").addEventListener("click", () => pause(held === null));
  byId("log-clear").addEventListener("click", () => answered(fetch("/_emulator/requests", { method: "DELETE" })));
  draw();
}

/** Take what the stream tells. */
export function hear(message) {
  if (held === null) {
    apply(message);
  } else {
    if (message.reset) held = nothing({ reset: true });
    held.skipped += message.skipped;
    keep(held.entries, message.entries);
  }
  later();
}

const nothing = ({ reset }) => ({ reset, entries: new Map(), skipped: 0 });

function apply({ reset, entries: changed, skipped: missed }) {
  if (reset) {
    entries.clear();
    opened.clear();
    rows.clear();
    skipped = 0;
  }
  skipped += missed;
  keep(entries, changed.values());
}

/** Add entries to those that are kept; the oldest make room. */
function keep(kept, changed) {
  for (const entry of changed) kept.set(entry.number, entry);
  if (kept.size <= MOST_KEPT) return;
  const numbers = [...kept.keys()].sort((a, b) => a - b);
  for (const number of numbers.slice(0, kept.size - MOST_KEPT)) {
    kept.delete(number);
    rows.delete(number);
  }
}

function pause(wanted) {
  const button = byId("log-pause");
  button.setAttribute("aria-pressed", String(wanted));
  button.textContent = wanted ? "Go on" : "Pause";
  if (wanted) {
    held = nothing({ reset: false });
  } else {
    const missed = held;
    held = null;
    apply(missed);
  }
  draw();
}

function later() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

const failed = (entry) => (entry.status === null ? entry.seconds !== null : entry.status >= 400);
const OUTCOMES = {
  all: () => true,
  failed,
  fault: (entry) => entry.fault !== null || entry.calls.some((call) => call.fault !== null),
  running: (entry) => entry.seconds === null,
};

function matching() {
  const words = byId("log-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = OUTCOMES[byId("log-outcome").value];
  return [...entries.values()]
    .filter((entry) => fits(entry) && words.every((word) => searchable(entry).includes(word)))
    .sort((a, b) => b.number - a.number);
}

function searchable(entry) {
  return [entry.method, decoded(entry.path), entry.path, entry.query, entry.operation, entry.status ?? "dropped", entry.fault, entry.range]
    .join(" ").toLowerCase();
}

function draw() {
  const found = matching();
  const count = byId("request-count");
  count.textContent = String(entries.size);
  count.hidden = entries.size === 0;
  byId("log-note").textContent = noteOf(found.length);
  if (!found.length) fill(byId("log-body"), empty());
  else fill(byId("log-body"), table(found.slice(0, MOST_DRAWN)));
}

function noteOf(found) {
  const parts = [];
  if (held !== null) parts.push(`Paused; ${held.entries.size} changed since.`);
  if (found !== entries.size) parts.push(`${found} of ${entries.size} match.`);
  if (found > MOST_DRAWN) parts.push(`The latest ${MOST_DRAWN} are shown.`);
  if (skipped) parts.push(`${skipped} came too fast to be told; all are at /_emulator/requests.`);
  return parts.join(" ");
}

function empty() {
  if (entries.size) return el("div.empty", {}, el("h3", {}, "No request matches"), el("p", {}, "Change the filter to see the others."));
  return el("div.empty", {}, el("h3", {}, "No request yet"),
    el("p", {}, "Requests of your programs show up here as they happen. The console's own do not."),
    el("pre.command", { tabindex: "0" }, `export STORAGE_EMULATOR_HOST=${location.origin}`));
}

function table(found) {
  return el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Requests, latest first" },
    el("table.log-table", {},
      el("thead", {}, el("tr", {}, ["Time", "Request", "Status", "Took", "In / out"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, found.flatMap(rowsOf))));
}

function rowsOf(entry) {
  const open = opened.has(entry.number);
  const before = rows.get(entry.number);
  if (before?.entry === entry && before.open === open) return before.nodes;
  const nodes = open ? [row(entry), details(entry)] : [row(entry)];
  rows.set(entry.number, { entry, open, nodes });
  return nodes;
}

function row(entry) {
  const open = opened.has(entry.number);
  const toggle = () => {
    if (!opened.delete(entry.number)) opened.add(entry.number);
    draw();
  };
  return el("tr", { class: failed(entry) ? "failed" : null, "data-number": String(entry.number) },
    el("td.when", {}, clockTime(entry.started)),
    el("td.request", {}, el("button.link", { type: "button", id: `entry-${entry.number}`, "aria-expanded": String(open), onclick: toggle },
      el("span.method", {}, entry.method), el("span.path", {}, decoded(entry.path), entry.query && el("span.query", {}, `?${shortened(decoded(entry.query))}`))),
      el("span.tags", {}, entry.operation && el("span.operation", {}, entry.operation.replace(/^storage\./, "")),
        entry.range && el("span.range", {}, entry.range),
        entry.calls.length > 0 && el("span.range", {}, `${entry.calls.length} calls`),
        entry.fault && el("span.fault", {}, icon("bolt"), entry.fault))),
    el("td.status", {}, el("span", { class: `code code-${statusClass(entry)}` }, statusText(entry))),
    el("td.number", {}, duration(entry.seconds)),
    el("td.number", {}, `${bytes(entry.bytes_in)} / ${bytes(entry.bytes_out)}`));
}

const MOST_OF_QUERY = 120; // signed URLs are long; the whole of it is in the details

const shortened = (text) => (text.length > MOST_OF_QUERY ? `${text.slice(0, MOST_OF_QUERY)}…` : text);

function statusText(entry) {
  if (entry.status !== null) return String(entry.status);
  return entry.seconds === null ? "under way" : "dropped";
}

function statusClass(entry) {
  if (entry.status === null) return entry.seconds === null ? "running" : "bad";
  return entry.status >= 400 ? "bad" : entry.status >= 300 ? "other" : "good";
}

function details(entry) {
  const pairs = [["Query", entry.query && decoded(entry.query.replaceAll("&", "  "))], ...Object.entries(entry.headers)];
  return el("tr.details", {}, el("td", { colSpan: 5 },
    el("dl.facts", {}, pairs.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    entry.calls.length > 0 && el("ol.calls", {}, entry.calls.map((call) =>
      el("li", {}, `${call.method} ${decoded(call.path)} `, el("span", { class: `code code-${statusClass(call)}` }, statusText(call)),
        call.fault && el("span.fault", {}, icon("bolt"), call.fault))))));
}
