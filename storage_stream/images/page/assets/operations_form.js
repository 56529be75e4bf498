// The steps of a version as fields: added, ordered, removed, each with its arguments.

import { argumentsOf, hex, levels, newOperation, OPERATIONS } from "./choices.js";
import { field } from "./dialogs.js";
import { el, fill, iconButton } from "./dom.js";

/** A list of operations, changed in place; `path` is how the service names it. */
export function operationsField(title, operations, path, changed) {
  const list = el("ol.steps");
  const add = el("select", { "aria-label": `Add to ${title.toLowerCase()}`, "data-path": path },
    el("option", { value: "" }, "Add a step…"), Object.entries(OPERATIONS).map(([name, each]) => el("option", { value: name }, each.label)));
  add.addEventListener("change", () => {
    if (!add.value) return;
    operations.push(newOperation(add.value));
    add.value = "";
    redraw(operations.length - 1);
  });

  function redraw(focused = null) {
    fill(list, operations.map(step));
    changed();
    if (focused !== null) (list.children[focused]?.querySelector("input, select, button") ?? add).focus();
  }

  function step(operation, at) {
    const known = OPERATIONS[operation.name];
    const move = (to) => {
      operations.splice(to, 0, ...operations.splice(at, 1));
      redraw(to);
    };
    const words = known?.label ?? operation.name;
    return el("li.step", {},
      el("span.step-name", {}, words),
      known && el("div.arguments", {}, Object.entries(known.arguments).map(([key, each]) => argument(operation, key, each, `${path}[${at}].params.${key}`, changed))),
      el("div.actions", {},
        at > 0 && iconButton("up", `Do “${words}” earlier`, () => move(at - 1)),
        at < operations.length - 1 && iconButton("down", `Do “${words}” later`, () => move(at + 1)),
        iconButton("close", `Remove “${words}”`, () => { operations.splice(at, 1); redraw(Math.max(0, at - 1)); })));
  }

  fill(list, operations.map(step));
  return el("div.operations", {}, el("p.label", {}, title), list, add);
}

function argument(operation, key, known, path, changed) {
  const set = (value) => {
    operation.params = { ...argumentsOf(operation), [key]: value };
    changed();
  };
  const now = argumentsOf(operation)[key] ?? known.start;
  if (known.isColour) {
    const input = el("input", { type: "color", value: hex(now), oninput: () => set(levels(input.value)) });
    return field(known.labels[0], input, { path });
  }
  if (known.isTruth) {
    const box = el("input", { type: "checkbox", checked: now === true, onchange: () => set(box.checked), "data-path": path });
    return el("label.check", {}, box, known.labels[0]);
  }
  if (known.choices) {
    const select = el("select", { onchange: () => set(Number(select.value)) }, Object.entries(known.choices).map(([value, words]) => el("option", { value }, words)));
    select.value = String(((now % 360) + 360) % 360);
    return field(known.labels[0], select, { path });
  }
  const isList = Array.isArray(known.start);
  const values = isList ? [...now] : [now];
  return values.map((value, at) => {
    const input = el("input", { type: "number", min: String(known.min), max: String(known.max), step: String(known.step), value: String(value) });
    input.addEventListener("input", () => {
      values[at] = input.value === "" ? null : Number(input.value);
      set(isList ? [...values] : values[0]);
    });
    return field(known.labels[at], input, { path });
  });
}
