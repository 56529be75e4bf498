// Converters: a list of them, each with what it makes.

import { about, ask } from "./api.js";
import { summaryOf } from "./choices.js";
import { el, empty, fill, iconButton, drawing } from "./dom.js";
import { toConverter } from "./place.js";
import { deleteLater, isHidden } from "./undo.js";

export const allConverters = async () => (await ask("GET", "/converters", { query: { limit: 1000 } })).data;

export const whatIsMade = (converter) => el("ul.makes", {}, converter.settings.versions.map((version) => el("li", {},
  el("span", {}, el("strong", {}, version.version), " · ", summaryOf(version)))));

export async function showConverters(main) {
  let listed = await allConverters();
  const body = el("div");
  const title = el("h1", { tabindex: "-1" }, "Converters");
  const make = () => el("a.button.primary", { href: toConverter("new") }, drawing("add"), "New converter");
  fill(main,
    el("div.heading", {}, el("div.titles", {}, title, el("p.note", {}, "What is made of a picture when it is converted.")),
      el("div.actions", {}, make())),
    body);

  function draw() {
    const visible = listed.filter((converter) => !isHidden(converter.id));
    if (visible.length) fill(body, el("ul.converters", {}, visible.map(card)));
    else fill(body, empty("convert", "No converter yet", "A converter makes versions of pictures: smaller, cropped, in another format.", make()));
  }

  function card(converter) {
    const isPreview = converter.id === about.preview;
    return el("li.converter", {},
      el("div.about", {}, el("h2", {}, el("a", { href: toConverter(converter.id) }, converter.name)),
        isPreview && el("span.tag", {}, "Previews of this page")),
      whatIsMade(converter),
      el("div.actions", {},
        el("a.button.small", { href: toConverter(converter.id), "aria-label": `Edit ${converter.name}` }, drawing("edit"), "Edit"),
        el("a.button.small", { href: toConverter(`copy-${converter.id}`), "aria-label": `Copy ${converter.name}` }, drawing("copy"), "Copy"),
        !isPreview && iconButton("trash", `Delete ${converter.name}`, () => remove(converter), { kind: ".danger" })));
  }

  function remove(converter) {
    deleteLater(`Converter “${converter.name}” deleted.`, [converter.id], {
      method: "DELETE", path: `/converters/${converter.id}`, revision: converter.revision,
    });
    title.focus();
  }

  draw();
  return {
    title: "Converters",
    hiding: draw,
    deleted: (keys) => {
      listed = listed.filter((converter) => !keys.includes(converter.id));
      draw();
    },
    outdated: async () => {
      listed = await allConverters();
      draw();
    },
  };
}
