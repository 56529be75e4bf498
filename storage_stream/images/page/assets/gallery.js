// One gallery: a grid of previews that grows as it is scrolled, and what is done with some of them.

import { contentOf, nameOf, previewOf } from "./api.js";
import { convertAll } from "./converting.js";
import { button, drawing, el, empty, fill, iconButton, say, told } from "./dom.js";
import { counted, galleryName } from "./format.js";
import { deleteGallery, renameGallery } from "./galleries.js";
import { NearbyPictures } from "./nearby.js";
import { go, toImage } from "./place.js";
import { freshShelf, shelfOf } from "./shelf.js";
import { deleteLater, isHidden } from "./undo.js";
import { chooseFiles, uploadAll } from "./uploads.js";

const AT_ONCE = 400; // are deleted by one request, which has to be short enough to outlive the page

export async function showGallery(main, { gallery: id }, { returnTo = null } = {}) {
  let shelf = returnTo ? shelfOf(id) : freshShelf(id);
  const tiles = new Map();
  const picked = new Set();
  const nearby = new NearbyPictures();
  let anchor = null; // where a range of picks begins

  const title = el("h1", { tabindex: "-1", dir: "auto" });
  const note = el("p.note");
  const grid = el("ul.tiles", { "aria-label": "Pictures" });
  const body = el("div");
  const more = button("Show more pictures", () => load().catch(told));
  const end = el("div.more", { hidden: true }, more);
  const order = el("select", { "aria-label": "Order" }, el("option", { value: "new" }, "Newest first"), el("option", { value: "old" }, "Oldest first"));
  order.value = shelf.newestFirst ? "new" : "old";
  const choice = el("div.choice", { role: "region", "aria-label": "Selected pictures", hidden: true });

  const choose = () => chooseFiles((files) => uploadAll(id, files));
  fill(main,
    el("div.heading", {},
      el("div.titles", {}, el("a.way", { href: "#/" }, drawing("back"), "Galleries"),
        el("div.title", {}, title,
          el("div.beside", {}, iconButton("edit", "Rename gallery", rename), iconButton("trash", "Delete gallery", remove, { kind: ".danger" }))), note),
      el("div.actions", {}, order,
        button("Upload pictures", choose, { kind: ".primary", image: "upload" }))),
    body, end, choice);

  // -- what is shown ---------------------------------------------------------------------------

  function draw() {
    title.textContent = galleryName(shelf);
    document.title = `${galleryName(shelf)} · Gallery`;
    note.textContent = shelf.visibleCount ? counted(shelf.visibleCount, "picture") : "";
    for (const [image, tile] of tiles) tile.hidden = isHidden(image);
    for (const each of [...picked]) if (isHidden(each) || !tiles.has(each)) picked.delete(each);
    order.hidden = shelf.visibleCount < 2;
    end.hidden = shelf.isComplete;
    const wanted = shelf.visible.length || !shelf.isComplete ? grid : nothing();
    if (body.firstChild !== wanted) fill(body, wanted);
    drawChoice();
  }

  const nothing = () => empty("picture", "No picture yet", "Drop pictures or whole folders here, or choose them.",
    button("Choose pictures", choose, { kind: ".primary", image: "upload" }));

  function tileOf(image) {
    const name = nameOf(image);
    const preview = previewOf(image);
    const frame = el("span.frame", {}, drawing("picture"));
    const picture = preview && el("img", { alt: "", decoding: "async" });
    if (picture) {
      picture.addEventListener("error", () => fill(frame, drawing("picture")));
      fill(frame, picture);
    }
    const others = Object.keys(image.versions).filter((each) => each !== "original" && each !== "thumbnail").length;
    const box = el("input", { type: "checkbox", "aria-label": `Select ${name}`, checked: picked.has(image.id) });
    box.addEventListener("click", (event) => pick(image.id, box.checked, event.shiftKey));
    const tile = el("li.tile", { "data-id": image.id },
      el("a", { href: toImage(id, image.id) }, frame, el("span.name", { title: name, dir: "auto" }, name)),
      el("label.pick", {}, box), others > 0 && el("span.badge", {}, counted(others, "version")));
    if (picture) nearby.watch(tile, picture, contentOf(preview));
    return tile;
  }

  function place(images, behind = null) {
    for (const image of images) {
      const tile = tileOf(image);
      const old = tiles.get(image.id);
      tiles.set(image.id, tile);
      if (old) replaceTile(old, tile);
      else grid.insertBefore(tile, behind);
    }
  }

  /** Where somebody is who works by keyboard, he stays. */
  function replaceTile(old, tile) {
    const { activeElement } = document;
    const kind = old.contains(activeElement) ? activeElement.tagName : null;
    nearby.forget(old);
    old.replaceWith(tile);
    if (kind) tile.querySelector(kind).focus();
  }

  async function load() {
    more.disabled = true;
    try {
      place(await shelf.more());
    } finally {
      more.disabled = false;
    }
    draw();
    watcher.unobserve(end); // it tells only of changes: on a large screen the end may still be seen
    watcher.observe(end);
  }

  // -- picking ---------------------------------------------------------------------------------

  function mark(list, isPicked) {
    for (const each of list) {
      if (isPicked) picked.add(each);
      else picked.delete(each);
      tiles.get(each).querySelector("input").checked = isPicked;
    }
    drawChoice();
  }

  function pick(image, isPicked, isRange) {
    const list = shelf.visible.map((each) => each.id);
    const from = isRange && anchor !== null ? list.indexOf(anchor) : list.indexOf(image);
    const [first, last] = [from, list.indexOf(image)].sort((a, b) => a - b);
    anchor = image;
    mark(list.slice(Math.max(0, first), last + 1), isPicked);
  }

  const pickAll = () => mark(shelf.visible.map((each) => each.id), true);
  const pickNone = () => mark([...picked], false);

  function drawChoice() {
    grid.classList.toggle("picking", picked.size > 0);
    for (const [image, tile] of tiles) tile.classList.toggle("picked", picked.has(image));
    const words = `${picked.size.toLocaleString("en")} selected`;
    if (choice.hidden === (picked.size === 0) && choice.dataset.words === words) return;
    choice.dataset.words = words;
    const hadFocus = choice.contains(document.activeElement);
    choice.hidden = picked.size === 0;
    if (picked.size) {
      fill(choice, iconButton("close", "Clear the selection", pickNone), el("p", {}, words),
        button(shelf.isComplete ? "Select all" : `Select all ${shelf.visible.length} shown`, pickAll, { kind: ".small.plain" }),
        button("Convert", convert, { kind: ".small", image: "convert" }),
        button("Delete", () => removePicked(), { kind: ".small.danger", image: "trash" }));
      say(words);
    } else if (hadFocus) title.focus();
  }

  const images = () => shelf.visible.filter((image) => picked.has(image.id));

  function convert() {
    convertAll(images()).then((begun) => { if (begun) pickNone(); }).catch(told);
  }

  // -- deleting and renaming -------------------------------------------------------------------

  function removePicked(list = images()) {
    const words = list.length === 1 ? `“${nameOf(list[0])}” deleted.` : `${counted(list.length, "picture")} deleted.`;
    const visible = shelf.visible;
    const gone = new Set(list.map((image) => image.id));
    const at = visible.findIndex((image) => gone.has(image.id));
    const next = [...visible.slice(at), ...visible.slice(0, at).reverse()].find((image) => !gone.has(image.id));
    const requests = [];
    for (let at = 0; at < list.length; at += AT_ONCE) {
      requests.push({ method: "POST", path: "/delete", body: { ids: [...gone].slice(at, at + AT_ONCE) } });
    }
    deleteLater(words, [...gone], ...requests);
    if (next) tiles.get(next.id).querySelector("a").focus();
    else title.focus();
  }

  function remove() {
    deleteGallery(shelf);
    go("#/", { instead: true });
  }

  function rename() {
    renameGallery(shelf).then((renamed) => {
      if (renamed) shelf.name = renamed.name;
      draw();
    }).catch(told);
  }

  // -- keys ------------------------------------------------------------------------------------

  grid.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Delete") {
      event.preventDefault();
      const own = shelf.items.filter((image) => image.id === tile.dataset.id);
      removePicked(picked.size ? images() : own);
      return;
    }
    const shown = [...grid.children].filter((each) => !each.hidden);
    const at = shown.indexOf(tile);
    const row = shown.filter((each) => each.offsetTop === shown[0].offsetTop).length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    shown[to]?.querySelector(event.target.matches("input") ? "input" : "a").focus();
  });

  order.addEventListener("change", () => {
    shelf = freshShelf(id, order.value === "new");
    nearby.close();
    tiles.clear();
    picked.clear();
    fill(grid);
    load().catch(told);
  });

  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && !shelf.isComplete && !more.disabled) load().catch(told);
  }, { rootMargin: "800px" });

  if (shelf.items.length) {
    place(shelf.items);
    draw();
    watcher.observe(end);
  } else await load();
  const from = returnTo && tiles.get(returnTo);
  return {
    hiding: draw,
    shown: from && !from.hidden ? () => from.querySelector("a").focus() : null,
    deleted: (keys) => {
      shelf.drop(keys);
      for (const tile of keys.map((key) => tiles.get(key)).filter(Boolean)) {
        nearby.forget(tile);
        tile.remove();
        tiles.delete(tile.dataset.id);
      }
      draw();
    },
    arrived: ({ gallery, image }) => {
      if (gallery !== id || !shelf.add(image)) return;
      place([image], tiles.get(shelf.behind(image.id)?.id));
      draw();
    },
    converted: (image) => {
      if (!tiles.has(image.id)) return;
      shelf.replace(image);
      place([image]);
      draw();
    },
    close: () => {
      watcher.disconnect();
      nearby.close();
    },
    drop: { words: () => `Drop to upload into ${galleryName(shelf)}`, taken: (files) => uploadAll(id, files) },
  };
}

