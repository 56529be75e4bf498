// One picture: the original and its versions side by side, and what is done with them.

import { ask, contentOf, isShown, nameOf } from "./api.js";
import { convertAll } from "./converting.js";
import { button, drawing, el, fill, iconButton, told } from "./dom.js";
import { bytes, galleryName, moment } from "./format.js";
import { go, toGallery, toImage } from "./place.js";
import { shelfOf } from "./shelf.js";
import { deleteLater, isHidden } from "./undo.js";
import { uploadAll } from "./uploads.js";

const keyOf = (image, version) => `${image}/${version}`;

export async function showImage(main, { gallery, image: id }) {
  const shelf = shelfOf(gallery);
  let image = await ask("GET", `/${id}/versions`).catch((error) => {
    if (error.status === 404) shelf.drop([id]); // somebody else deleted it
    throw error;
  });
  if (!shelf.items.length) await shelf.more();
  const name = nameOf(image);
  const title = el("h1", { tabindex: "-1", dir: "auto", title: name }, name);
  const versions = el("ul.versions", { "aria-label": "Versions" });
  const turning = el("div.turning");
  const back = el("a.way", { href: toGallery(gallery) }, drawing("back"), galleryName(shelf));

  fill(main,
    el("div.heading", {},
      el("div.titles", {}, back, title, el("p.note", {}, `Stored ${moment(image.versions.original.timestamp)}`)),
      el("div.actions", {}, turning,
        button("Delete", remove, { kind: ".danger", image: "trash" }),
        button("Convert", () => convertAll([image]).catch(told), { kind: ".primary", image: "convert" }))),
    versions);

  function draw() {
    if (isHidden(id)) return;
    const { original, ...others } = image.versions;
    const shown = Object.entries(others).filter(([version]) => !isHidden(keyOf(id, version)));
    fill(versions, [["original", original], ...shown].map(([version, row]) => card(version, row)),
      shown.length === 0 && el("li.invitation", {}, drawing("convert"), el("p", {}, "No version yet. A converter makes smaller, cropped or differently stored ones."),
        button("Convert this picture", () => convertAll([image]).catch(told))));
    drawTurning();
  }

  function drawTurning() {
    const { before, after } = shelf.neighbours(id);
    const link = (to, drawn, words) => (to
      ? el("a.icon", { href: toImage(gallery, to.id), "aria-label": words, title: words }, drawing(drawn))
      : el("span.icon.off", {}, drawing(drawn)));
    fill(turning, link(before, "back", "Previous picture"), link(after, "next", "Next picture"));
  }

  function card(version, row) {
    const isOriginal = version === "original";
    const words = isOriginal ? "Original" : version;
    const pixels = el("dd", {}, sizeOf(row.metadata.size));
    const address = contentOf(row);
    const frame = el("a.frame", { href: address, target: "_blank", rel: "noopener", "aria-label": `Open ${words} of ${name} in full size` });
    if (isShown(row)) {
      const picture = el("img", { src: address, alt: `${words} of ${name}`, decoding: "async" });
      picture.addEventListener("load", () => { if (!row.metadata.size) pixels.textContent = sizeOf([picture.naturalWidth, picture.naturalHeight]); });
      picture.addEventListener("error", () => fill(frame, drawing("picture"), el("span", {}, "It cannot be shown")));
      fill(frame, picture);
    } else fill(frame, drawing("picture"), el("span", {}, "Browsers do not show this format"));
    const kind = (row.file.content_type ?? "").replace("image/", "").toUpperCase() || "Unknown";
    const fact = (term, value) => el("div", {}, el("dt", {}, term), typeof value === "string" ? el("dd", {}, value) : value);
    return el("li.version", { "data-version": version }, frame,
      el("div.about", {}, el("h2", {}, words), el("span.tag", {}, kind)),
      el("dl", {}, fact("Pixels", pixels), fact("Size", bytes(row.file.size)), !isOriginal && fact("Revision", String(row.revision))),
      el("div.actions", {},
        el("a.button.small", { href: address, download: fileName(version, row), "aria-label": `Download ${words}` }, drawing("download"), "Download"),
        !isOriginal && iconButton("trash", `Delete ${words}`, () => removeVersion(version), { kind: ".danger" })));
  }

  function fileName(version, row) {
    const base = name.split("/").pop().replace(/\.[^.]+$/, "");
    return version === "original" ? name.split("/").pop() : `${base}-${version}.${row.file.extension}`;
  }

  function removeVersion(version) {
    deleteLater(`Version “${version}” deleted.`, [keyOf(id, version)], { method: "DELETE", path: `/${id}/versions`, query: { version } });
    title.focus();
  }

  function remove() {
    const { before, after } = shelf.neighbours(id);
    deleteLater(`“${name}” deleted.`, [id], { method: "POST", path: "/delete", body: { ids: [id] } });
    const next = after ?? before;
    go(next ? toImage(gallery, next.id) : toGallery(gallery), { instead: true });
  }

  draw();
  const { last } = shelf.neighbours(id);
  if (last && !shelf.isComplete) shelf.more().then(drawTurning).catch(told);
  return {
    title: name,
    hiding: draw,
    deleted: (keys) => {
      shelf.drop(keys);
      const names = keys.filter((key) => key.startsWith(`${id}/`)).map((key) => key.slice(id.length + 1));
      for (const each of names) delete image.versions[each];
      if (names.length) shelf.replace(image);
      draw();
    },
    arrived: (upload) => {
      if (upload.gallery !== gallery) return;
      shelf.add(upload.image);
      drawTurning();
    },
    converted: (now) => {
      if (now.id !== id) return;
      image = now;
      shelf.replace(now);
      draw();
    },
    drop: { words: () => `Drop to upload into ${galleryName(shelf)}`, taken: (files) => uploadAll(gallery, files) },
    key: (event) => {
      const { before, after } = shelf.neighbours(id);
      if (event.key === "ArrowLeft" && before) go(toImage(gallery, before.id));
      else if (event.key === "ArrowRight" && after) go(toImage(gallery, after.id));
      else if (event.key === "Escape") go(toGallery(gallery));
      else if (event.key === "Delete") remove();
    },
  };
}

const sizeOf = (size) => (size ? `${size[0].toLocaleString("en")} × ${size[1].toLocaleString("en")}` : "…");
