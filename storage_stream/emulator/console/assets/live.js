// The stream of what happens; it comes back by itself when the emulator does.

import { learn } from "./api.js";
import { byId } from "./dom.js";

const MOST_HIDDEN_MS = 10_000; // then a page nobody looks at gives its connection back
const LIVE = EventSource.OPEN;

let source = null;
let lost = false;

/** Listen for "log" and "state"; `again` is called when a connection was lost and is back. */
export function listen(hearers) {
  connect(hearers);
  let leaving = null;
  // A browser has six connections to a host for all its pages together, and a stream keeps one.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => source.close(), MOST_HIDDEN_MS);
    else if (source.readyState !== LIVE) connect(hearers);
  });
}

function connect({ log, state, again }) {
  source?.close();
  source = new EventSource("/_console/events");
  source.addEventListener("log", (event) => log(JSON.parse(event.data)));
  source.addEventListener("state", (event) => state(JSON.parse(event.data)));
  source.addEventListener("error", () => tell("lost", "Not connected"));
  source.addEventListener("open", async () => {
    if (lost && !(await recovered(again))) return;
    tell("live", "Live");
  });
}

/** It may be another emulator by now, with another secret and other buckets. */
async function recovered(again) {
  try {
    await learn();
    await again();
    return true;
  } catch {
    return false; // it is gone again, of which the stream's own error tells
  }
}

function tell(state, words) {
  lost = state === "lost";
  const shown = byId("link-state");
  shown.textContent = words;
  shown.dataset.state = state;
}
