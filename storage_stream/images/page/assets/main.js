// Puts the page together: which view is shown at which address, and who hears what.

import { learn } from "./api.js";
import { showConverter } from "./converter_form.js";
import { showConverters } from "./converters.js";
import { byId, button, el, empty, fill, told } from "./dom.js";
import { newGallery, showGalleries } from "./galleries.js";
import { showGallery } from "./gallery.js";
import { showImage } from "./image.js";
import { here, toGallery } from "./place.js";
import { watchUndo } from "./undo.js";
import { watchDrops } from "./uploads.js";

const main = byId("content");
const nothing = {};
let view = nothing;
let turn = 0;
let before = null;

function viewOf(place, frame) {
  if (place.view === "converters") return place.converter ? showConverter(frame, place) : showConverters(frame);
  if (place.image) return showImage(frame, place);
  const isBack = before?.image && before.gallery === place.gallery;
  if (place.gallery) return showGallery(frame, place, { returnTo: isBack ? before.image : null });
  return showGalleries(frame);
}

async function show({ isFirst = false } = {}) {
  const place = here();
  const mine = ++turn;
  const frame = document.createElement("div");
  frame.className = "view";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === place.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.setAttribute("aria-busy", "true");
  let made;
  try {
    made = await viewOf(place, frame);
  } catch (error) {
    const up = place.image && error.status === 404 ? [toGallery(place.gallery), "To its gallery"] : ["#/", "All galleries"];
    fill(frame, empty("picture", "It cannot be shown", error.message,
      button("Try again", () => show()), el("a.button", { href: up[0] }, up[1])));
    made = { title: "Problem" };
  }
  if (mine !== turn) {
    made.close?.(); // somebody went on meanwhile
    return;
  }
  main.removeAttribute("aria-busy");
  view.close?.();
  view = made;
  fill(main, frame);
  if (made.title) document.title = made.title === "Galleries" ? "Gallery" : `${made.title} · Gallery`;
  const sameGallery = before?.gallery && before.gallery === place.gallery;
  if (made.shown) made.shown();
  else if (!isFirst) {
    if (!sameGallery || place.image) scrollTo(0, 0);
    frame.querySelector("h1, h2")?.focus({ preventScroll: true });
  }
  before = place;
}

function listen() {
  addEventListener("hashchange", () => show());
  addEventListener("hiding", (event) => view.hiding?.(event.detail.keys));
  addEventListener("deleted", (event) => view.deleted?.(event.detail.keys));
  addEventListener("outdated", (event) => view.outdated?.(event.detail.keys));
  addEventListener("arrived", (event) => view.arrived?.(event.detail));
  addEventListener("converted", (event) => view.converted?.(event.detail));
  addEventListener("pageshow", (event) => { if (event.persisted) show(); });
  addEventListener("keydown", (event) => {
    const isTaken = event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]");
    if (!isTaken && !event.target.closest?.("input, select, textarea")) view.key?.(event);
  });
  watchUndo();
  watchDrops(
    () => (here().view !== "galleries" ? null : view.drop ? view.drop.words() : here().gallery ? null : "Drop to make a new gallery of these pictures"),
    (files) => (view.drop ? view.drop.taken(files) : newGallery(files).catch(told)),
  );
}

async function start() {
  try {
    await learn();
  } catch (error) {
    const title = error.status === 401 || error.status === 403 ? "It is not open to you" : "The gallery does not answer";
    fill(main, empty("picture", title, error.message, button("Try again", () => location.reload())));
    return;
  }
  listen();
  await show({ isFirst: true });
}

start();
