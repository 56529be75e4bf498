// The objects of a folder: a page at a time, live ones or deleted ones.

import { ask, downloadUrl, known, objectPath, part } from "./api.js";
import { bucketNamed, bucketSettings, deleteBucket, newBucket } from "./buckets.js";
import { ask as inquire } from "./dialogs.js";
import { byId, el, fill, icon, iconButton, toast } from "./dom.js";
import { bytes, lastPart, moment } from "./format.js";
import { kindOf } from "./kinds.js";
import { go, here, toFolder, toObject } from "./place.js";
import { chooseFiles } from "./uploads.js";

const PAGE = 100;
const MOST_VERSIONS = 20_000;
let listed = { items: [], prefixes: [], next: "" };
let shown = { bucket: null, prefix: "", filter: "", deleted: false };
let asked = 0;

/** Show a folder of a bucket; `again` asks anew although it is shown already. */
export async function showFolder(bucket, prefix, { again = false } = {}) {
  if (!again && bucket === shown.bucket && prefix === shown.prefix) {
    markCurrent();
    return;
  }
  const kept = bucket === shown.bucket;
  shown = { bucket, prefix, filter: again ? shown.filter : "", deleted: kept && shown.deleted };
  if (!again) {
    listed = { items: [], prefixes: [], next: "" };
    fill(byId("objects"), toolbar(), el("div.listing", { id: "listing" }));
    draw({ loading: true });
  }
  await load();
}

export function reload() {
  return shown.bucket === null ? null : load();
}

export function showStart() {
  shown = { bucket: null, prefix: "", filter: "", deleted: false };
  fill(byId("objects"), el("div.empty", {},
    icon("bucket"),
    el("h2", {}, "Choose a bucket, or make one"),
    el("p", {}, known().create_buckets
      ? "A bucket is also made when a client first names it."
      : "Clients find this emulator by STORAGE_EMULATOR_HOST."),
    el("pre.command", { tabindex: "0" }, `export STORAGE_EMULATOR_HOST=${location.origin}`),
    el("button.primary", { type: "button", onclick: newBucket }, "New bucket")));
}

async function load({ more = false } = {}) {
  asked += 1;
  const mine = asked;
  try {
    const found = shown.deleted ? await deletedPage() : await page(more ? listed.next : "");
    if (mine !== asked) return;
    listed = more
      ? { items: [...listed.items, ...found.items], prefixes: [...new Set([...listed.prefixes, ...found.prefixes])], next: found.next }
      : found;
    draw();
  } catch (error) {
    if (mine === asked) draw({ problem: error.message });
  }
}

async function page(pageToken) {
  const answer = await listing({ maxResults: PAGE, pageToken });
  return { items: answer.items ?? [], prefixes: answer.prefixes ?? [], next: answer.nextPageToken ?? "" };
}

/** The latest generation of each object that is not live any more but can be had back. */
async function deletedPage() {
  const [soft, versions] = await Promise.all([everything("softDeleted"), everything("versions")]);
  const live = new Set(versions.items.filter((item) => !item.timeDeleted).map((item) => item.name));
  const latest = new Map();
  for (const item of [...versions.items, ...soft.items]) {
    const before = latest.get(item.name);
    if (!live.has(item.name) && (!before || BigInt(before.generation) < BigInt(item.generation))) latest.set(item.name, item);
  }
  const prefixes = [...new Set([...soft.prefixes, ...versions.prefixes])].sort();
  return { items: [...latest.values()], prefixes, next: "", cut: soft.cut || versions.cut };
}

/** All pages of a list, as far as a person could still read it; `cut` tells that there is more. */
async function everything(which) {
  const found = { items: [], prefixes: [], cut: false };
  let pageToken = "";
  do {
    const answer = await listing({ [which]: "true", pageToken });
    found.items.push(...(answer.items ?? []));
    found.prefixes.push(...(answer.prefixes ?? []));
    pageToken = answer.nextPageToken;
    found.cut = Boolean(pageToken) && found.items.length >= MOST_VERSIONS;
  } while (pageToken && !found.cut);
  return found;
}

function listing(query) {
  return ask("GET", `/storage/v1/b/${part(shown.bucket)}/o`, {
    bucket: shown.bucket,
    query: { delimiter: "/", prefix: shown.prefix + shown.filter, ...query },
  });
}

function draw({ problem = null, loading = false } = {}) {
  fill(byId("listing"), problem ? failure(problem) : loading ? el("p.note", {}, "Loading…") : content());
  markCurrent();
}

function toolbar() {
  const name = shown.bucket;
  const bucket = () => bucketNamed(name) ?? { name };
  const filter = el("input", {
    id: "object-filter", type: "search", placeholder: "Names that begin with…", value: shown.filter,
    autocomplete: "off", spellcheck: "false",
    oninput: (event) => { shown.filter = event.target.value; load(); },
  });
  const deleted = el("input", {
    type: "checkbox", id: "show-deleted", checked: shown.deleted,
    onchange: (event) => { shown.deleted = event.target.checked; load(); },
  });
  return el("div.toolbar", {},
    el("div.bar", {},
      crumbs(),
      el("div.actions", {},
        el("button.small", { type: "button", onclick: async () => { if (await bucketSettings(bucket())) reload(); } }, "Settings"),
        el("button.small", { type: "button", onclick: () => deleteBucket(bucket()) }, "Delete bucket"),
        el("button.small.primary", { type: "button", onclick: () => chooseFiles(shown.bucket, shown.prefix) }, icon("upload"), "Upload"))),
    el("div.bar.second", {},
      el("label.search", {}, el("span.unseen", {}, "Names that begin with"), filter),
      el("label.check", {}, deleted, "Deleted ones")));
}

function crumbs() {
  const parts = shown.prefix.split("/").slice(0, -1);
  const steps = [{ name: shown.bucket, to: "" }];
  parts.forEach((name, at) => steps.push({ name: name || "(no name)", to: `${parts.slice(0, at + 1).join("/")}/` }));
  return el("nav.crumbs", { "aria-label": "Folder" }, el("ol", {}, steps.map((step, at) =>
    el("li", {}, el("a", { href: toFolder(shown.bucket, step.to), "aria-current": at === steps.length - 1 ? "location" : null }, step.name)))));
}

function content() {
  if (!listed.items.length && !listed.prefixes.length) return nothing();
  const rows = [...listed.prefixes.map(folderRow), ...listed.items.map(objectRow)];
  const count = listed.items.length + listed.prefixes.length;
  const more = listed.next ? " shown, there are more" : listed.cut ? ` among the first ${MOST_VERSIONS} versions; filter for others` : "";
  return [
    el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Objects in this folder" },
      el("table.objects-table", {},
        el("thead", {}, el("tr", {}, ["Name", "Size", shown.deleted ? "Deleted" : "Changed", "Type"].map((title) => el("th", { scope: "col" }, title)),
          el("th", { scope: "col" }, el("span.unseen", {}, "Actions")))),
        el("tbody", {}, rows))),
    el("div.paging", {},
      el("p.note", { role: "status" }, `${count}${more || (count === 1 ? " entry" : " entries")}`),
      listed.next && el("button.small", { type: "button", id: "more", onclick: () => load({ more: true }) }, "Load more")),
  ];
}

function nothing() {
  if (shown.filter) return el("div.empty", {}, el("h2", {}, "No name begins like this"), el("p", {}, `Nothing in this folder begins with “${shown.filter}”.`));
  if (shown.deleted) {
    return el("div.empty", {}, icon("restore"), el("h2", {}, "Nothing to bring back"),
      el("p", {}, "Deleted objects stay here if the bucket keeps versions, or keeps what was deleted for a time (Settings)."));
  }
  return el("div.empty", {}, icon("upload"), el("h2", {}, shown.prefix ? "This folder is empty" : "This bucket is empty"),
    el("p", {}, "Drop files or folders anywhere on this page, or choose them."),
    el("button.primary", { type: "button", onclick: () => chooseFiles(shown.bucket, shown.prefix) }, "Upload files"));
}

function failure(problem) {
  return el("div.empty.failed", {}, el("h2", {}, "This folder cannot be shown"), el("p", { role: "alert" }, problem),
    el("button", { type: "button", onclick: reload }, "Try again"));
}

function folderRow(prefix) {
  return el("tr", {}, el("td.name", {}, el("a", { href: toFolder(shown.bucket, prefix) }, icon("folder"), el("span", {}, lastPart(prefix)))),
    el("td.number", {}, ""), el("td.when", {}, ""), el("td.type", {}, "Folder"), el("td.actions", {}, ""));
}

function objectRow(item) {
  const label = lastPart(item.name);
  const kind = kindOf(item);
  const drawing = kind?.startsWith("image/") ? "image" : kind?.startsWith("video/") ? "play" : "file";
  const gone = item.timeDeleted ?? item.softDeleteTime;
  return el("tr", { class: gone ? "gone" : null, "data-name": item.name },
    el("td.name", {}, el("a", { href: toObject(item.bucket, item.name) }, icon(drawing), el("span", {}, label))),
    el("td.number", { title: `${item.size} bytes` }, bytes(item.size)),
    el("td.when", {}, moment(gone ?? item.updated)),
    el("td.type", {}, item.contentType ?? "not told"),
    el("td.actions", {}, !gone && [
      el("a.icon", { href: downloadUrl(item), download: label, "aria-label": `Download ${label}`, title: "Download" }, icon("download")),
      iconButton("trash", `Delete ${label}`, () => deleteObject(item)),
    ]));
}

function markCurrent() {
  const { object } = here();
  for (const row of document.querySelectorAll(".objects-table tr[data-name]")) {
    row.classList.toggle("current", row.dataset.name === object);
  }
}

/** Delete the live object after a question. Returns whether it was. */
export function deleteObject(item) {
  const bucket = bucketNamed(item.bucket);
  const kept = bucket?.versioning?.enabled || Number(bucket?.softDeletePolicy?.retentionDurationSeconds ?? 0) > 0;
  return inquire({
    title: `Delete ${lastPart(item.name)}?`,
    text: [`gs://${item.bucket}/${item.name}`, kept
      ? "The bucket keeps deleted objects: it can be brought back."
      : "The bucket keeps nothing of it. There is no way back."],
    agree: "Delete object",
    danger: true,
    act: async () => {
      await ask("DELETE", objectPath(item.bucket, item.name), { bucket: item.bucket });
      toast(`${lastPart(item.name)} is deleted.`);
      if (here().object === item.name) go(toFolder(item.bucket, shown.prefix));
      await reload();
      return true;
    },
  });
}
