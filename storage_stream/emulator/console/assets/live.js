// The stream of what happens; it comes back by itself when the emulator does.

import { learn } from "./api.js";
import { byId } from "./dom.js";

/** Listen for "log" and "state"; `again` is called when a connection was lost and is back. */
export function listen({ log, state, again }) {
  const source = new EventSource("/_console/events");
  const shown = byId("link-state");
  let lost = false;
  source.addEventListener("log", (event) => log(JSON.parse(event.data)));
  source.addEventListener("state", (event) => state(JSON.parse(event.data)));
  source.addEventListener("open", async () => {
    if (lost) {
      try {
        await learn(); // it may be another emulator by now
        await again();
      } catch {
        return; // it is gone again, of which the stream's own error tells
      }
    }
    lost = false;
    shown.textContent = "Live";
    shown.dataset.state = "live";
  });
  source.addEventListener("error", () => {
    lost = true;
    shown.textContent = "Not connected";
    shown.dataset.state = "lost";
  });
}
