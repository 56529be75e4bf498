// One object: a look at it, what is known of it, and its generations.

import { ask, downloadUrl, objectPath, part } from "./api.js";
import { bucketNamed } from "./buckets.js";
import { ask as inquire, field } from "./dialogs.js";
import { byId, el, fill, icon, iconButton, toast } from "./dom.js";
import { bytes, lastPart, moment, shortMoment, whole } from "./format.js";
import { deleteObject, reload } from "./objects.js";
import { folderOf, go, toFolder } from "./place.js";
import { preview } from "./preview.js";

let loading = new AbortController();
let opened = null;
let drawn = ""; // which state of the object is shown

export function closeDetail() {
  loading.abort();
  opened = null;
  fill(byId("detail")).hidden = true;
}

/** Go back to the folder, and there to the object's row. */
export function leaveDetail(bucket, name) {
  const backToRow = () => document.querySelector(`.objects-table tr[data-name="${CSS.escape(name)}"] a`)?.focus();
  addEventListener("hashchange", backToRow, { once: true });
  go(toFolder(bucket, folderOf(name)));
}

/**
 * Show the object, or its latest generation if it is deleted. `again` asks anew although it is
 * shown already, and draws only what has changed, so that a film that is watched plays on.
 */
export async function showDetail(bucket, name, { again = false } = {}) {
  const key = `${bucket}/${name}`;
  if (opened === key && !again) return;
  const pane = byId("detail");
  if (opened !== key) {
    loading.abort();
    loading = new AbortController();
    opened = key;
    drawn = "";
    pane.hidden = false;
    fill(pane, heading(bucket, name), el("p.note", {}, "Loading…"));
    if (!byId("objects").offsetParent) byId("detail-title").focus(); // the list has made room for it
  }
  const { signal } = loading;
  try {
    const generations = await generationsOf(bucket, name);
    const state = JSON.stringify(generations);
    if (signal.aborted || state === drawn) return;
    drawn = state;
    if (generations.length) draw(generations[0], generations, signal);
    else fill(pane, heading(bucket, name), el("p.problem", { role: "alert" }, "There is no such object, and nothing of it was kept."));
  } catch (error) {
    if (!signal.aborted) fill(pane, heading(bucket, name), el("p.problem", { role: "alert" }, error.message));
  }
}

/** All that is kept of a name, latest first; the live one has no `timeDeleted`. */
async function generationsOf(bucket, name) {
  const [kept, soft] = await Promise.all([all(bucket, name, "versions"), all(bucket, name, "softDeleted")]);
  return [...kept, ...soft].sort((a, b) => (BigInt(a.generation) < BigInt(b.generation) ? 1 : -1));
}

async function all(bucket, name, which) {
  const found = [];
  let pageToken = "";
  do {
    // Names that begin with this one come after it; so only as much is asked as can be of it.
    const query = { prefix: name, endOffset: `${name}\u0001`, [which]: "true", pageToken };
    const page = await ask("GET", `/storage/v1/b/${part(bucket)}/o`, { bucket, query });
    found.push(...(page.items ?? []).filter((item) => item.name === name));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return found;
}

function heading(bucket, name, tag = null) {
  const close = () => leaveDetail(bucket, name);
  return el("div.bar", {}, el("h2", { id: "detail-title", tabindex: "-1", title: name }, lastPart(name)),
    tag && el("span.tag", {}, tag), iconButton("close", "Close", close, { id: "detail-close" }));
}

function draw(item, generations, signal) {
  const softly = isSoft(item);
  const tag = softly ? "deleted, can be restored" : isGone(item) ? "not the live version" : null;
  fill(byId("detail"),
    heading(item.bucket, item.name, tag),
    softly ? el("p.note", {}, "Its bytes can be seen again once it is restored.") : preview(item, signal),
    actions(item),
    facts(item),
    custom(item),
    history(item, generations, signal),
    el("details.raw", {}, el("summary", {}, "All metadata as JSON"),
      el("pre.json", { tabindex: "0", "aria-label": "Metadata as JSON" }, JSON.stringify(item, null, 2))));
}

const isSoft = (item) => Boolean(item.softDeleteTime);
const isGone = (item) => Boolean(item.timeDeleted ?? item.softDeleteTime);

function actions(item) {
  const address = `gs://${item.bucket}/${item.name}`;
  const copy = async () => {
    await navigator.clipboard.writeText(address);
    toast(`Copied ${address}`);
  };
  return el("div.actions", {},
    !isSoft(item) && el("a.button.small", { href: downloadUrl(item), download: lastPart(item.name) }, icon("download"), "Download"),
    navigator.clipboard && el("button.small", { type: "button", onclick: copy }, "Copy address"),
    !isGone(item) && el("button.small", { type: "button", onclick: () => editMetadata(item) }, "Edit"),
    isGone(item) && el("button.small", { type: "button", onclick: () => bringBack(item) }, icon("restore"), "Make live again"),
    !isGone(item) && el("button.small.danger", { type: "button", onclick: () => deleteObject(item) }, icon("trash"), "Delete"));
}

function facts(item) {
  const rows = [
    ["Size", `${bytes(item.size)}${Number(item.size) >= 1024 ? ` (${whole(item.size)} bytes)` : ""}`],
    ["Type", item.contentType],
    ["Encoding", item.contentEncoding],
    ["Language", item.contentLanguage],
    ["Disposition", item.contentDisposition],
    ["Caching", item.cacheControl],
    ["Created", item.timeCreated && moment(item.timeCreated)],
    ["Changed", item.updated !== item.timeCreated && item.updated && moment(item.updated)],
    ["Deleted", isGone(item) && moment(item.timeDeleted ?? item.softDeleteTime)],
    ["Gone for good", item.hardDeleteTime && moment(item.hardDeleteTime)],
    ["Generation", item.generation],
    ["Metageneration", item.metageneration],
    ["Storage class", item.storageClass],
    ["crc32c", item.crc32c],
    ["MD5", item.md5Hash],
    ["Components", item.componentCount],
    ["Holds", [item.temporaryHold && "temporary", item.eventBasedHold && "event-based"].filter(Boolean).join(", ")],
    ["Customer's key", item.customerEncryption?.keySha256],
  ];
  return el("dl.facts", {}, rows.filter(([, value]) => value).map(([label, value]) =>
    el("div", {}, el("dt", {}, label), el("dd", {}, value))));
}

function custom(item) {
  const pairs = Object.entries(item.metadata ?? {});
  if (!pairs.length) return null;
  return el("section", {}, el("h3", {}, "Custom metadata"),
    el("dl.facts", {}, pairs.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))));
}

function history(current, generations, signal) {
  const rows = generations.map((item) => el("tr", { class: item === current ? "current" : null },
    el("td", {}, el("button.link", {
      type: "button", "aria-current": item === current ? "true" : null, onclick: () => draw(item, generations, signal),
    }, item.generation)),
    el("td", {}, state(item)),
    el("td.number", {}, bytes(item.size)),
    el("td.when", { title: item.timeCreated }, shortMoment(item.timeCreated)),
    el("td.actions", {}, isGone(item) && !isSoft(item)
      && iconButton("trash", `Delete generation ${item.generation}`, () => deleteGeneration(item)))));
  return el("section", {}, el("h3", {}, "Generations"),
    el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Generations" }, el("table", {},
      el("thead", {}, el("tr", {}, ["Generation", "State", "Size", "Created"].map((title) => el("th", { scope: "col" }, title)),
        el("th", { scope: "col" }, el("span.unseen", {}, "Actions")))),
      el("tbody", {}, rows))));
}

function state(item) {
  if (isSoft(item)) return "Soft-deleted";
  return isGone(item) ? "Noncurrent" : "Live";
}

async function changed(item) {
  await reload();
  await showDetail(item.bucket, item.name, { again: true });
}

async function bringBack(item) {
  const place = objectPath(item.bucket, item.name);
  try {
    if (isSoft(item)) {
      await ask("POST", `${place}/restore`, { bucket: item.bucket, query: { generation: item.generation } });
    } else {
      const target = `b/${part(item.bucket)}/o/${part(item.name)}`;
      await ask("POST", `${place}/copyTo/${target}`, { bucket: item.bucket, query: { sourceGeneration: item.generation } });
    }
    toast(`${lastPart(item.name)} is live again, as a new generation.`);
    await changed(item);
  } catch (error) {
    toast(error.message, { failed: true });
  }
}

function deleteGeneration(item) {
  const soft = Number(bucketNamed(item.bucket)?.softDeletePolicy?.retentionDurationSeconds ?? 0) > 0;
  return inquire({
    title: "Delete this generation?",
    text: [`gs://${item.bucket}/${item.name}#${item.generation}`,
      soft ? "The bucket keeps deleted objects: it can be restored for a time." : "There is no way back."],
    agree: "Delete generation",
    danger: true,
    act: async () => {
      await ask("DELETE", objectPath(item.bucket, item.name), { bucket: item.bucket, query: { generation: item.generation } });
      await changed(item);
      return true;
    },
  });
}

function editMetadata(item) {
  const lines = Object.entries(item.metadata ?? {}).map(([name, value]) => `${name}: ${value}`).join("\n");
  const area = el("textarea", { name: "custom", rows: 5, spellcheck: "false" });
  area.value = lines;
  return inquire({
    title: `Metadata of ${lastPart(item.name)}`,
    fields: [
      field("Content type", el("input", { name: "contentType", value: item.contentType ?? "", autocomplete: "off" })),
      field("Cache-Control", el("input", { name: "cacheControl", value: item.cacheControl ?? "", autocomplete: "off" })),
      field("Custom metadata", area, "One a line, as name: value."),
    ],
    agree: "Save",
    act: async (form) => {
      const given = pairsOf(form.get("custom"));
      const removed = Object.keys(item.metadata ?? {}).filter((name) => !(name in given)).map((name) => [name, null]);
      await ask("PATCH", objectPath(item.bucket, item.name), {
        bucket: item.bucket,
        query: { ifMetagenerationMatch: item.metageneration, ifGenerationMatch: item.generation },
        body: {
          contentType: form.get("contentType") || null,
          cacheControl: form.get("cacheControl") || null,
          metadata: { ...given, ...Object.fromEntries(removed) },
        },
      });
      await changed(item);
      return true;
    },
  });
}

function pairsOf(text) {
  const pairs = {};
  for (const line of text.split("\n").filter((one) => one.trim())) {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`“${line.trim()}” is not of the form name: value.`);
    pairs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return pairs;
}
