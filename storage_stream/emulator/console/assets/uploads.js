// Uploads: files that are dropped or chosen, a few at a time, each with its progress. What is there
// already is not replaced without a question.

import { ask, ownHeaders, part, sentence, withQuery } from "./api.js";
import { byId, el, fill, iconButton, toast } from "./dom.js";
import { bytes } from "./format.js";
import { here } from "./place.js";

const AT_ONCE = 3; // browsers open six connections to a host; the log's and the page's stay free
const waiting = [];
const shown = [];
let running = 0;
let done = () => {};

/** Watch the page for files that are dropped on it; `finished` is called as objects arrive. */
export function watchDrops(finished) {
  done = finished;
  const overlay = byId("drop");
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    const { bucket, prefix = "" } = here();
    fill(overlay.firstElementChild, document.createTextNode(bucket
      ? `Drop to upload into ${bucket}/${prefix}` : "Open a bucket first, then drop files into it"));
    overlay.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event)) depth = Math.max(0, depth - 1);
    overlay.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    overlay.hidden = true;
    const { bucket, prefix = "" } = here();
    if (!bucket) return;
    try {
      add(bucket, prefix, await filesOf(event.dataTransfer));
    } catch (error) {
      toast(`What was dropped cannot be read: ${error.message}`, { failed: true });
    }
  });
}

export function chooseFiles(bucket, prefix) {
  const input = el("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files to upload" });
  input.addEventListener("change", () => {
    add(bucket, prefix, [...input.files].map((file) => ({ file, name: file.name })));
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

/** Files with their paths; a folder that was dropped is walked through. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.includes(null)) return [...transfer.files].map((file) => ({ file, name: file.name }));
  return (await Promise.all(entries.map((entry) => walked(entry, "")))).flat();
}

async function walked(entry, above) {
  const name = above + entry.name;
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), name }];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const inner of some) found.push(...(await walked(inner, `${name}/`)));
  }
}

function add(bucket, prefix, files) {
  for (const { file, name } of files) {
    const upload = { bucket, name: prefix + name, file, replace: false };
    upload.row = row(upload);
    shown.push(upload);
    waiting.push(upload);
  }
  draw();
  next();
}

function row(upload) {
  const words = el("span.state", {}, "Waiting");
  const progress = el("progress", { max: 1, value: 0, "aria-label": `Upload of ${upload.name}` });
  const stop = iconButton("close", `Stop the upload of ${upload.name}`, () => cancel(upload));
  const choices = el("span.choices");
  Object.assign(upload, { words, progress, stop, choices });
  return el("li", {}, el("span.name", { title: upload.name }, upload.name), words, choices, stop, progress);
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    begin(waiting.shift());
  }
}

/** Ask whether the name is taken before anything is sent; sending asks again, for good. */
async function begin(upload) {
  if (!upload.replace) {
    try {
      if (await isTaken(upload)) {
        settle(upload, { exists: true });
        return;
      }
    } catch (error) {
      settle(upload, { problem: error.message });
      return;
    }
  }
  if (upload.finished) settle(upload, {}); // it was stopped meanwhile
  else send(upload);
}

async function isTaken({ bucket, name }) {
  const query = { prefix: name, endOffset: `${name}\u0001`, fields: "items(name)" };
  const page = await ask("GET", `/storage/v1/b/${part(bucket)}/o`, { bucket, query });
  return (page.items ?? []).some((item) => item.name === name);
}

function send(upload) {
  const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
  upload.request = request;
  const query = { uploadType: "media", name: upload.name, ...(upload.replace ? {} : { ifGenerationMatch: "0" }) };
  request.open("POST", withQuery(`/upload/storage/v1/b/${part(upload.bucket)}/o`, query, upload.bucket));
  request.setRequestHeader("Content-Type", upload.file.type || "application/octet-stream");
  for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => {
    upload.progress.value = event.total ? event.loaded / event.total : 1;
    upload.words.textContent = `${bytes(event.loaded)} of ${bytes(upload.file.size)}`;
  });
  request.addEventListener("load", () => settle(upload, answerOf(request)));
  request.addEventListener("error", () => settle(upload, { problem: "No answer came: the connection was cut, or the file cannot be read." }));
  request.addEventListener("abort", () => settle(upload, { problem: "Stopped. Nothing was stored." }));
  request.send(upload.file);
}

function answerOf(request) {
  if (request.status === 412) return { exists: true };
  if (request.status >= 200 && request.status < 300) return {};
  return { problem: sentence(request.status, request.responseText) };
}

function settle(upload, { exists = false, problem = null }) {
  running -= 1;
  upload.request = null;
  if (upload.finished) {
    next();
    return;
  }
  if (exists) {
    question(upload);
  } else {
    finish(upload, problem ?? `Uploaded, ${bytes(upload.file.size)}`, problem !== null);
    if (problem === null) done(upload);
  }
  next();
}

function question(upload) {
  const replace = () => {
    Object.assign(upload, { replace: true, asking: false });
    showQuestion(upload, false);
    upload.words.textContent = "Waiting";
    waiting.push(upload);
    draw();
    next();
  };
  Object.assign(upload, { asking: true });
  upload.words.textContent = "It is there already.";
  upload.progress.value = 0;
  showQuestion(upload, true);
  fill(upload.choices,
    el("button.small", { type: "button", onclick: replace, "aria-label": `Replace ${upload.name}` }, "Replace"),
    el("button.small", { type: "button", onclick: () => finish(upload, "Skipped", false), "aria-label": `Skip ${upload.name}` }, "Skip"));
  draw();
}

function showQuestion(upload, asking) {
  upload.progress.hidden = asking;
  upload.stop.hidden = asking;
  if (!asking) fill(upload.choices);
}

function finish(upload, words, failed) {
  upload.finished = true;
  upload.words.textContent = words;
  upload.row.classList.toggle("failed", failed);
  upload.row.classList.add("finished");
  upload.progress.hidden = true;
  fill(upload.choices);
  upload.stop.remove();
  draw();
}

function cancel(upload) {
  if (upload.request) {
    upload.request.abort();
    return;
  }
  const at = waiting.indexOf(upload);
  if (at >= 0) waiting.splice(at, 1);
  finish(upload, "Stopped. Nothing was stored.", true);
}

function draw() {
  const box = byId("uploads");
  box.hidden = shown.length === 0;
  const open = shown.filter((upload) => !upload.finished);
  const asking = open.filter((upload) => upload.asking).length;
  const left = open.length - asking;
  const title = left ? `Uploading, ${left} left` : asking ? "Already there: replace?" : "Uploads are done";
  const clear = () => {
    shown.splice(0, shown.length, ...shown.filter((upload) => !upload.finished));
    draw();
  };
  fill(box,
    el("div.bar", {}, el("h2", { role: "status" }, title),
      iconButton("close", "Hide what is done", clear)),
    el("ul", {}, shown.map((upload) => upload.row)));
}
