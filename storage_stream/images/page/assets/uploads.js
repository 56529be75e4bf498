// Uploads: pictures that are chosen or dropped, each sent as it is, straight into the bucket.

import { about, learn, NoAnswer, problemOf, Refused, url } from "./api.js";
import { byId, el, told, toast } from "./dom.js";
import { bytes, counted } from "./format.js";
import { enqueue, isBusy } from "./work.js";

const MAX_NAME = 200;
const UNSEEN = /(?![\u200c\u200d])\p{Cf}/gu; // but what joins signs, in Persian and in emoji
const UNUSUAL = /[\\\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

const stopped = () => new DOMException("stopped", "AbortError");

export function uploadAll(gallery, files) {
  for (const { file, name } of files) {
    enqueue("upload", name, (signal, tell) => upload(gallery, file, name, signal, tell));
  }
}

async function upload(gallery, file, name, signal, tell) {
  if (file.size > about.max_upload_bytes) {
    const detail = `It has ${bytes(file.size)}; at most ${bytes(about.max_upload_bytes)} are taken`;
    throw new Refused(413, { code: "body_too_large", detail });
  }
  const to = () => url("/upload", { name: storable(name), correlation_id: gallery, converter_id: about.preview });
  let answer = await sent(to(), file, signal, tell);
  if (answer.status === 404) { // the converter of previews was deleted, or another server runs now
    await learn();
    answer = await sent(to(), file, signal, tell);
  }
  if (answer.status !== 201) throw problemOf(answer.status, answer.responseText);
  const image = JSON.parse(answer.responseText);
  dispatchEvent(new CustomEvent("arrived", { detail: { gallery, image } }));
  return `Stored, ${bytes(file.size)}`;
}

/** A name as the service takes it: the last folders of it, without signs that no name should have. */
export function storable(name) {
  const parts = name.split("/").map((part) => part.replace(UNSEEN, "").replace(UNUSUAL, "_")).filter((part) => !["", ".", ".."].includes(part));
  while (parts.length > 1 && [...parts.join("/")].length > MAX_NAME) parts.shift();
  const signs = [...parts.join("/")];
  if (signs.length <= MAX_NAME) return signs.join("") || "picture";
  const end = /\.[^.]{1,9}$/.exec(signs.join(""))?.[0] ?? "";
  return signs.slice(0, MAX_NAME - [...end].length).join("") + end;
}

/** By XMLHttpRequest, because `fetch` does not tell how much has been sent. */
function sent(address, file, signal, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.open("POST", address);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      const part = event.total ? event.loaded / event.total : 1;
      if (part < 1) tell(`${bytes(event.loaded)} of ${bytes(file.size)}`, part);
    });
    request.upload.addEventListener("load", () => tell("Making its preview", null));
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("abort", () => reject(stopped()));
    request.addEventListener("error", () => reject(new NoAnswer()));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    tell(`0 bytes of ${bytes(file.size)}`, 0);
    request.send(file);
  });
}

/** Let a person choose files; `taken(files)` gets those that were. */
export function chooseFiles(taken) {
  const input = el("input", { type: "file", multiple: true, accept: "image/*", hidden: true, "aria-label": "Pictures to upload" });
  input.addEventListener("change", () => {
    const files = [...input.files].map((file) => ({ file, name: file.name }));
    input.remove();
    if (files.length) taken(files);
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

/** Watch the page for files that are dropped. `where()` says where they would go, or null. */
export function watchDrops(where, taken) {
  const overlay = byId("drop");
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const end = () => { depth = 0; overlay.hidden = true; };
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event) || document.querySelector("dialog[open]")) return;
    depth += 1;
    const words = where();
    overlay.firstElementChild.textContent = words ?? "Open a gallery first, then drop pictures into it";
    overlay.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) end();
  });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // else the browser would leave the page for the file
    const isOpen = !overlay.hidden && where() !== null;
    end();
    if (!isOpen) return;
    try {
      const files = await filesOf(event.dataTransfer);
      if (files.length) taken(files);
      else toast("There was no file in what was dropped.");
    } catch (error) {
      told(new Error(`What was dropped cannot be read: ${error.message}`));
    }
  });
  addEventListener("beforeunload", (event) => { if (isBusy()) event.preventDefault(); });
}

async function filesOf(transfer) {
  // Entries have to be taken before anything is awaited: the list is empty afterwards.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, name: file.name }));
  const found = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

async function walk(entry, folder, found) {
  if (entry.name.startsWith(".")) return; // what file managers leave behind
  const name = `${folder}${entry.name}`;
  if (entry.isFile) {
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), name });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await walk(inner, `${name}/`, found);
  }
}

export const filesIn = (files) => counted(files.length, "picture");
