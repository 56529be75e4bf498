// Converting pictures: which converter, then one after the other, with progress.

import { ask, nameOf } from "./api.js";
import { allConverters, whatIsMade } from "./converters.js";
import { askIn, field } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { counted } from "./format.js";
import { enqueue } from "./work.js";

/** Ask for a converter, and convert; whether a person agreed. */
export async function convertAll(images) {
  const converters = await allConverters();
  const select = el("select", { name: "converter", required: true }, converters.map((each) => el("option", { value: each.id }, each.name)));
  const makes = el("div");
  const draw = () => fill(makes, converters.filter((each) => each.id === select.value).map(whatIsMade));
  select.addEventListener("change", draw);
  draw();
  const chosen = await askIn({
    title: images.length === 1 ? `Convert ${nameOf(images[0])}` : `Convert ${counted(images.length, "picture")}`,
    content: [field("Converter", select), makes,
      el("p.note", {}, "Versions of the same name get a new revision. ", el("a.link", { href: "#/converters", onclick: (event) => event.target.closest("dialog").close() }, "Manage converters"))],
    agree: "Convert",
    act: (data) => converters.find((each) => each.id === data.get("converter")),
  });
  if (!chosen) return false;
  for (const image of images) {
    enqueue("convert", `${nameOf(image)}: ${chosen.name}`, (signal, tell) => convert(image, chosen, signal, tell));
  }
  return true;
}

async function convert(image, converter, signal, tell) {
  tell("Converting", null);
  const rows = await ask("POST", `/${image.id}/convert`, { body: { converter_id: converter.id }, signal });
  const now = await ask("GET", `/${image.id}/versions`);
  dispatchEvent(new CustomEvent("converted", { detail: now }));
  return `${counted(rows.length - 1, "version")} made`;
}
