// The list of buckets, and what is done to a whole bucket.

import { ask, notePayers, part, known } from "./api.js";
import { ask as inquire, checkbox, field } from "./dialogs.js";
import { byId, el, fill, icon, toast } from "./dom.js";
import { go, toFolder } from "./place.js";

let buckets = [];
let chosen = null;

export const bucketNamed = (name) => buckets.find((bucket) => bucket.name === name);

/** Ask for all buckets, and show them. */
export async function loadBuckets() {
  const found = [];
  let pageToken = "";
  do {
    const page = await ask("GET", "/storage/v1/b", { query: { project: known().project, pageToken } });
    found.push(...(page.items ?? []));
    pageToken = page.nextPageToken;
  } while (pageToken);
  buckets = found;
  notePayers(found);
  show();
}

export function chooseBucket(name) {
  chosen = name;
  show();
}

function show() {
  const list = byId("bucket-list");
  if (!buckets.length) {
    fill(list, el("li.empty-line", {}, "No bucket yet."));
    return;
  }
  fill(list, buckets.map((bucket) => el("li", {},
    el("a", { href: toFolder(bucket.name), id: `bucket-${bucket.name}`, "aria-current": bucket.name === chosen ? "page" : null },
      icon("bucket"), el("span.name", {}, bucket.name),
      bucket.versioning?.enabled && el("span.tag", { title: "Keeps the versions of its objects" }, "versions")))));
}

export function newBucket() {
  const name = el("input", {
    name: "name", required: true, autocomplete: "off", spellcheck: "false", autocapitalize: "off",
  });
  return inquire({
    title: "New bucket",
    fields: [
      field("Name", name, "Lower-case letters, digits, dashes, underscores and dots."),
      checkbox("Keep versions of objects", "versions"),
      daysField(null),
    ],
    agree: "Make bucket",
    act: async (form) => {
      const bucket = form.get("name").trim();
      await ask("POST", "/storage/v1/b", { query: { project: known().project }, body: {
        name: bucket,
        versioning: { enabled: form.has("versions") },
        ...softDelete(form, null),
      } });
      await loadBuckets();
      go(toFolder(bucket));
      return bucket;
    },
  });
}

function daysField(days) {
  const input = el("input", { name: "days", type: "number", min: "0", max: "90", step: "any", value: days === null ? null : shortened(days) });
  return field("Days for which deleted objects can be restored", input,
    days === null ? "0, or 7 to 90. Empty: as the emulator was told." : "0, or 7 to 90. What is deleted from now on is kept so long.");
}

const shortened = (days) => String(Number(days.toFixed(3)));

/** The policy that a form asks for; nothing where it was left as it is. */
function softDelete(form, before) {
  const told = form.get("days");
  if (told === "" || (before !== null && told === shortened(before))) return {};
  return { softDeletePolicy: { retentionDurationSeconds: String(Math.round(Number(told) * 86400)) } };
}

/** Change what a bucket keeps. */
export function bucketSettings(bucket) {
  const days = Number(bucket.softDeletePolicy?.retentionDurationSeconds ?? 0) / 86400;
  return inquire({
    title: `Settings of ${bucket.name}`,
    fields: [
      checkbox("Keep versions of objects", "versions", bucket.versioning?.enabled),
      daysField(days),
      el("details", {}, el("summary", {}, "All metadata"), el("pre.json", { tabindex: "0" }, JSON.stringify(bucket, null, 2))),
    ],
    agree: "Save",
    act: async (form) => {
      await ask("PATCH", `/storage/v1/b/${part(bucket.name)}`, { bucket: bucket.name, body: {
        versioning: { enabled: form.has("versions") },
        ...softDelete(form, days),
      } });
      await loadBuckets();
      toast(`The settings of ${bucket.name} are saved.`);
      return true;
    },
  });
}

export function deleteBucket(bucket) {
  return inquire({
    title: `Delete the bucket ${bucket.name}?`,
    text: "Only an empty bucket can be deleted. There is no way back.",
    agree: "Delete bucket",
    danger: true,
    act: async () => {
      await ask("DELETE", `/storage/v1/b/${part(bucket.name)}`, { bucket: bucket.name });
      await loadBuckets();
      go("#/");
      toast(`${bucket.name} is deleted.`);
      return true;
    },
  });
}
