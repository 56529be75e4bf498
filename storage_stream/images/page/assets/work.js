// What takes a while: uploads and conversions, a few at a time, each with its progress; all of them
// can be stopped, and what failed can be tried again.

import { byId, el, fill, iconButton, say } from "./dom.js";
import { counted } from "./format.js";

const AT_ONCE = { upload: 3, convert: 2 }; // browsers open six connections; the pictures' stay free
const ROWS = 60;
const SECONDS_TO_SEE = 6;
const READ_OUT = 3;
const failures = [];
const jobs = [];
const running = { upload: 0, convert: 0 };
let drawing = false;
let heading = null;
let list = null;
let bar = null;
let hiding = null;

/**
 * Do something when its turn comes. `run(signal, tell)` tells `tell(words, part)`, where the part is
 * from 0 to 1, or null when nobody knows; what it returns are the last words.
 */
export function enqueue(queue, name, run) {
  const job = { queue, name, run, state: "waiting" };
  jobs.push(job);
  schedule();
  next(queue);
}

export const isBusy = () => jobs.some((job) => job.state === "waiting" || job.state === "running");

function next(queue) {
  for (const job of jobs) {
    if (running[queue] >= AT_ONCE[queue]) return;
    if (job.queue === queue && job.state === "waiting") begin(job);
  }
}

async function begin(job) {
  running[job.queue] += 1;
  job.state = "running";
  job.stop = new AbortController();
  Object.assign(job, { words: "", part: 0, problem: null });
  schedule();
  try {
    job.words = await job.run(job.stop.signal, (words, part) => { Object.assign(job, { words, part }); schedule(); });
    job.state = "done";
  } catch (error) {
    const stopped = error.name === "AbortError";
    job.state = stopped ? "stopped" : "failed";
    job.words = stopped ? "Stopped. Nothing was stored." : error.message;
    if (!stopped) failures.push(`${job.name}: ${error.message}`);
  }
  running[job.queue] -= 1;
  if (!isBusy()) {
    // At the end and all together: a hundred that fail shall not be read out one by one.
    say([summary(), ...failures.slice(0, READ_OUT)].join(". "));
    failures.length = 0;
    hideSoon();
  }
  schedule();
  next(job.queue);
}

function stop(job) {
  if (job.state === "waiting") Object.assign(job, { state: "stopped", words: "Stopped. Nothing was stored." });
  else job.stop?.abort();
  schedule();
}

function again(job) {
  job.state = "waiting";
  schedule();
  next(job.queue);
}

function clear() {
  const open = jobs.filter((job) => job.state === "waiting" || job.state === "running");
  for (const job of jobs) if (!open.includes(job)) job.row?.remove();
  jobs.splice(0, jobs.length, ...open);
  schedule();
}

/** What all went well need not stay, unless somebody is looking at it. */
function hideSoon() {
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    if (isBusy() || of("failed", "stopped")) return;
    if (byId("work").matches(":hover, :focus-within")) hideSoon();
    else clear();
  }, SECONDS_TO_SEE * 1000);
}

/** Draw with the next picture of the screen, however much was told meanwhile. */
function schedule() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; draw(); });
}

const of = (...states) => jobs.filter((job) => states.includes(job.state)).length;

function summary() {
  const failed = of("failed");
  const stopped = of("stopped");
  const left = of("waiting", "running");
  if (left) return `${counted(left, "item")} left`;
  const parts = [`${of("done")} done`];
  if (failed) parts.push(`${failed} failed`);
  if (stopped) parts.push(`${stopped} stopped`);
  return parts.join(", ");
}

function draw() {
  const box = byId("work");
  box.hidden = jobs.length === 0;
  if (box.hidden) return;
  if (!heading) build(box);
  heading.textContent = `${of("waiting", "running") ? "Working: " : ""}${summary()}`;
  bar.max = jobs.length;
  bar.value = jobs.reduce((sum, job) => sum + (job.state === "running" ? (job.part ?? 0.9) : job.state === "waiting" ? 0 : 1), 0);
  bar.hidden = !isBusy();
  const order = { running: 0, failed: 1, stopped: 2, waiting: 3, done: 4 };
  const shown = [...jobs].sort((a, b) => order[a.state] - order[b.state]).slice(0, ROWS);
  for (const job of shown) update(job);
  const rows = shown.map((job) => job.row);
  if (rows.length !== list.children.length || rows.some((row, at) => list.children[at] !== row)) {
    const focused = document.activeElement;
    fill(list, rows);
    if (list.contains(focused)) focused.focus();
  }
}

function build(box) {
  heading = el("h2");
  bar = el("progress", { "aria-label": "All together" });
  list = el("ul", { "aria-label": "Uploads and conversions" });
  fill(box, el("div.bar", {}, heading, iconButton("close", "Hide what is done", clear)), bar, list);
}

function update(job) {
  if (!job.row) {
    job.told = el("span.state");
    job.progress = el("progress", { max: 1, "aria-label": `Progress of ${job.name}` });
    job.buttons = el("span.buttons");
    job.row = el("li", {}, el("span.name", { title: job.name, dir: "auto" }, job.name), job.buttons, job.told, job.progress);
  }
  job.row.className = job.state;
  job.told.textContent = job.state === "waiting" ? "Waiting" : job.words;
  const isRunning = job.state === "running";
  job.progress.hidden = !isRunning;
  if (isRunning && job.part !== null) job.progress.value = job.part;
  else job.progress.removeAttribute("value");
  if (job.shownState === job.state) return;
  job.shownState = job.state;
  const open = isRunning || job.state === "waiting";
  const failed = job.state === "failed" || job.state === "stopped";
  fill(job.buttons,
    open && iconButton("close", `Stop ${job.name}`, () => stop(job)),
    failed && iconButton("retry", `Try ${job.name} again`, () => again(job)));
}
