// Deleting, which can be undone for some seconds: until then only this page hides it. It is really
// done when the time is over, when the message is dismissed, and when the page goes away.

import { ask, sentAs, url } from "./api.js";
import { told, toast } from "./dom.js";

const SECONDS = 8;
const OUTLIVES = 60_000; // bytes; browsers send 64 KiB to their end for a page that is gone
const hidden = new Set();
const waiting = [];

export const isHidden = (key) => hidden.has(key);
const changed = (name, keys) => dispatchEvent(new CustomEvent(name, { detail: { keys } }));

/**
 * Hide what `keys` name, and delete it by `requests` ({method, path, query, body, revision}) later.
 * The page hears `hiding` when what is hidden changes, `deleted` when it is gone for good, and
 * `outdated` when it was left alone because it is another by now.
 */
export function deleteLater(words, keys, ...requests) {
  const entry = { keys, requests, state: "waiting" };
  for (const key of keys) hidden.add(key);
  waiting.push(entry);
  const undo = () => {
    if (entry.state !== "waiting") return;
    settle(entry);
    show(entry, "hiding");
  };
  entry.undo = undo;
  entry.toast = toast(words, { seconds: SECONDS, action: { words: "Undo", act: undo, expired: () => finish(entry) } });
  changed("hiding", keys);
}

function settle(entry) {
  entry.state = "settled";
  waiting.splice(waiting.indexOf(entry), 1);
  entry.toast?.remove();
}

function show(entry, name) {
  for (const key of entry.keys) hidden.delete(key);
  changed(name, entry.keys);
}

async function finish(entry) {
  if (entry.state !== "waiting") return;
  settle(entry);
  try {
    for (const { method, path, ...options } of entry.requests) await ask(method, path, options);
    show(entry, "deleted");
  } catch (error) {
    if (error.status === 404) {
      show(entry, "deleted"); // somebody else was faster
      return;
    }
    show(entry, error.status === 412 ? "outdated" : "hiding");
    told(error);
  }
}

export function watchUndo() {
  addEventListener("pagehide", () => {
    const entries = [...waiting];
    entries.forEach(settle);
    for (const { method, path, query, ...sent } of entries.flatMap((entry) => entry.requests)) {
      // The browser sends it to its end, though nobody is here any more to hear the answer.
      fetch(url(path, query), { method, keepalive: true, ...sentAs(sent) }).catch(() => undefined);
    }
  });
  addEventListener("beforeunload", (event) => {
    const bodies = waiting.flatMap((entry) => entry.requests).map(({ body }) => JSON.stringify(body ?? "").length);
    if (bodies.reduce((sum, each) => sum + each, 0) > OUTLIVES) event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    if (event.target.closest?.("input:not([type=checkbox]), textarea, select") || !waiting.length) return;
    event.preventDefault();
    waiting.at(-1).undo();
  });
}
