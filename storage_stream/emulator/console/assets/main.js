// Puts the page together: what is asked first, and what is shown at which address.

import { learn } from "./api.js";
import { bucketNamed, chooseBucket, loadBuckets, newBucket } from "./buckets.js";
import { closeDetail, leaveDetail, showDetail } from "./detail.js";
import { byId, el, fill, toast } from "./dom.js";
import { showArmed, startFaults } from "./faults.js";
import { listen } from "./live.js";
import { hear, startLog } from "./log.js";
import { reload, showFolder, showStart } from "./objects.js";
import { here } from "./place.js";
import { startTheme } from "./theme.js";
import { watchDrops } from "./uploads.js";

let refreshing = null;
let coming = null; // the next look at what other programs changed
let shownAt = 0;

const TITLE = "Emulator console";

/** Escape closes the object, unless something nearer is there to be closed or emptied. */
function watchKeys() {
  document.addEventListener("keydown", (event) => {
    const { bucket, object } = here();
    const nearer = document.querySelector("dialog[open]") || event.target.closest("input, select, textarea");
    if (event.key === "Escape" && object && !nearer) leaveDetail(bucket, object);
  });
}

async function show() {
  const place = here();
  document.title = [place.object ?? place.prefix, place.bucket, TITLE].filter(Boolean).join(" · ");
  document.body.dataset.view = place.view;
  for (const link of document.querySelectorAll(".views a")) {
    if (link.dataset.to === place.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (place.view !== "objects") return;
  document.body.dataset.depth = place.object ? "object" : place.bucket ? "bucket" : "start";
  chooseBucket(place.bucket ?? null);
  if (!place.bucket) {
    closeDetail();
    showStart();
    return;
  }
  if (!place.object) closeDetail();
  await showFolder(place.bucket, place.prefix);
  if (place.object) await showDetail(place.bucket, place.object);
}

/** What has just been uploaded is shown, once for many. */
function arrived(upload) {
  clearTimeout(refreshing);
  refreshing = setTimeout(async () => {
    const place = here();
    if (place.bucket !== upload.bucket) return;
    await reload();
    if (place.object === upload.name) await showDetail(place.bucket, place.object, { again: true });
  }, 150);
}

const WRITES = /\.(insert|delete|patch|update|compose|copy|rewrite|move|restore)$|\.batch$/;

/** Show what other programs change, at most once a second however much they write. */
function noticed(message) {
  hear(message);
  const wrote = (entry) => entry.seconds !== null && WRITES.test(entry.operation ?? "");
  if (message.reset || coming !== null || !message.entries.some(wrote)) return;
  coming = setTimeout(async () => {
    coming = null;
    await refresh().catch((error) => toast(error.message, { failed: true }));
  }, Math.max(100, shownAt + 1000 - Date.now()));
}

async function refresh() {
  shownAt = Date.now();
  await loadBuckets();
  const { bucket, object } = here();
  if (!bucket || !bucketNamed(bucket)) return;
  await reload();
  if (object && here().object === object) await showDetail(bucket, object, { again: true });
}

async function start() {
  startTheme();
  byId("address").textContent = location.host;
  byId("new-bucket").addEventListener("click", newBucket);
  try {
    await learn();
    await loadBuckets();
  } catch (error) {
    fill(byId("objects"), el("div.empty.failed", {}, el("h2", {}, "The emulator does not answer"), el("p", {}, error.message)));
    return;
  }
  startFaults();
  startLog();
  listen({ log: noticed, state: showArmed, again: refresh });
  watchDrops(arrived);
  watchKeys();
  addEventListener("hashchange", () => { show().catch((error) => toast(error.message, { failed: true })); });
  await show();
}

start();
