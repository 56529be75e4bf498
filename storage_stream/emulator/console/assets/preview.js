// A look at an object. Pictures, films and sounds are shown as such; everything else as text, or as
// bytes if it is none. Nothing of an object is ever given to the page as markup or script.

import { answered, viewUrl } from "./api.js";
import { el } from "./dom.js";
import { bytes, hexDump } from "./format.js";
import { indented } from "./json_text.js";
import { isJson, kindOf } from "./kinds.js";

const MOST_TEXT = 256 * 1024; // more than anybody reads in a pane, and quick to draw
const MOST_BYTES = 1024;

/** An element that fills itself; `signal` ends its loading. */
export function preview(item, signal) {
  const box = el("div.preview");
  if (item.customerEncryption) {
    box.append(el("p.note", {}, "It is encrypted with a key of the customer's, so it cannot be shown here."));
    return box;
  }
  if (item.size === "0") {
    box.append(el("p.note", {}, "It is empty."));
    return box;
  }
  const kind = kindOf(item);
  if (kind) box.append(media(item, kind, box));
  else text(item, box, signal);
  return box;
}

function media(item, kind, box) {
  const source = viewUrl(item, kind);
  const failed = () => box.replaceChildren(el("p.note", {}, `The browser cannot show it as ${kind}.`));
  if (kind.startsWith("image/")) return el("img", { src: source, alt: `Preview of ${item.name}`, onerror: failed });
  const tag = kind.startsWith("video/") ? "video" : "audio";
  return el(tag, { src: source, controls: true, preload: "metadata", "aria-label": `Preview of ${item.name}`, onerror: failed });
}

async function text(item, box, signal) {
  try {
    const { data, whole } = await beginning(viewUrl(item, "text/plain"), signal);
    box.append(...asText(item, data, whole));
  } catch (error) {
    if (error.name === "AbortError") return;
    box.append(el("p.problem", { role: "alert" }, error.message));
  }
}

/** The first bytes, and whether they are all; the rest is not asked for. */
async function beginning(url, signal) {
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const answer = await answered(fetch(url, { signal: stop.signal }));
  const reader = answer.body.getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { data: joined(parts, size), whole: true };
    parts.push(value);
    size += value.length;
    if (size > MOST_TEXT) {
      stop.abort();
      return { data: joined(parts, size).subarray(0, MOST_TEXT), whole: false };
    }
  }
}

function joined(parts, size) {
  const data = new Uint8Array(size);
  let at = 0;
  for (const piece of parts) {
    data.set(piece, at);
    at += piece.length;
  }
  return data;
}

function asText(item, data, whole) {
  const content = decodedText(data, whole);
  if (content === null) {
    const more = data.length > MOST_BYTES || !whole;
    return [el("pre.hex", { tabindex: "0", "aria-label": "Bytes" }, hexDump(data.subarray(0, MOST_BYTES))),
      more && note(`The first ${bytes(Math.min(MOST_BYTES, data.length))} of ${bytes(item.size)}.`)].filter(Boolean);
  }
  const pretty = isJson(item) && whole ? formatted(content) : { text: content };
  return [el("pre", { tabindex: "0", "aria-label": "Text" }, pretty.text),
    pretty.problem && note(pretty.problem),
    !whole && note(`The first ${bytes(MOST_TEXT)} of ${bytes(item.size)}.`)].filter(Boolean);
}

const note = (words) => el("p.note", {}, words);

function formatted(content) {
  try {
    return { text: indented(content) };
  } catch (error) {
    return { text: content, problem: `It is not JSON, although it says so: ${error.message}` };
  }
}

function decodedText(data, whole) {
  if (data.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data, { stream: !whole });
  } catch {
    return null;
  }
}
