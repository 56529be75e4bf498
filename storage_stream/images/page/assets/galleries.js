// The beginning: all galleries, each with its newest picture.

import { ask, contentOf, previewOf } from "./api.js";
import { askName } from "./dialogs.js";
import { button, drawing, el, empty, fill, told } from "./dom.js";
import { counted, galleryName } from "./format.js";
import { go, toGallery } from "./place.js";
import { deleteLater, isHidden } from "./undo.js";
import { filesIn, uploadAll } from "./uploads.js";

const ON_PAGE = 48;

/** Make a gallery, into which some files may go at once. */
export async function newGallery(files = []) {
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" }).format(new Date());
  const note = files.length ? [el("p.note", {}, `${filesIn(files)} will be uploaded into it.`)] : [];
  const made = await askName("New gallery", "Create gallery", files.length ? day : "", (name) => ask("POST", "/galleries", { body: { name } }), note);
  if (!made) return;
  go(toGallery(made.id));
  if (files.length) uploadAll(made.id, files);
}

export const renameGallery = (gallery) => askName("Rename gallery", "Rename", gallery.name ?? "",
  (name) => ask("PATCH", `/galleries/${gallery.id}`, { body: { name } }));

export function deleteGallery(gallery) {
  deleteLater(`Gallery “${galleryName(gallery)}” deleted.`, [gallery.id], { method: "DELETE", path: `/galleries/${gallery.id}` });
}

export async function showGalleries(main) {
  const grid = el("ul.covers");
  const body = el("div");
  const more = button("Show more galleries", () => load().catch(told), { hidden: true });
  const listed = [];
  let count = 0;
  fill(main,
    el("div.heading", {}, el("h1", { tabindex: "-1" }, "Galleries"),
      el("div.actions", {}, button("New gallery", () => newGallery().catch(told), { kind: ".primary", image: "add" }))),
    body, el("div.more", {}, more));

  function draw() {
    const visible = listed.filter((gallery) => !isHidden(gallery.id));
    more.hidden = listed.length >= count;
    if (visible.length) {
      fill(grid, visible.map(cover));
      fill(body, grid);
      return;
    }
    fill(body, empty("pictures", "No gallery yet", "Make one, or drop pictures anywhere on this page.",
      button("Create the first gallery", () => newGallery().catch(told), { kind: ".primary", image: "add" })));
  }

  async function load() {
    const page = await ask("GET", "/galleries/list", { query: { offset: listed.length, limit: ON_PAGE } });
    count = page.count;
    listed.push(...page.data.filter((gallery) => !listed.some((each) => each.id === gallery.id)));
    draw();
  }

  await load();
  return {
    title: "Galleries",
    hiding: draw,
    deleted: (keys) => {
      const before = listed.length;
      listed.splice(0, before, ...listed.filter((gallery) => !keys.includes(gallery.id)));
      count -= before - listed.length;
      draw();
    },
  };
}

function cover(gallery) {
  const preview = gallery.newest && previewOf(gallery.newest);
  return el("li.cover", {},
    el("a", { href: toGallery(gallery.id) },
      el("span.frame", {}, preview ? el("img", { src: contentOf(preview), alt: "", loading: "lazy", decoding: "async" }) : drawing("pictures")),
      el("span.name", { dir: "auto", title: galleryName(gallery) }, galleryName(gallery)),
      el("span.count", {}, gallery.images ? counted(gallery.images, "picture") : "Empty")));
}
