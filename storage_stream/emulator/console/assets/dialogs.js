// Questions: what is destroyed is asked for first, by name.

import { el, fill } from "./dom.js";

let count = 0;

/**
 * Ask something in a dialog. `act` gets the form's data when a person agrees; if it throws, the
 * dialog stays and tells why. Resolves to what `act` returned, or null if the person did not agree.
 */
export function ask({ title, text = [], fields = [], agree, danger = false, act }) {
  count += 1;
  const id = `dialog-${count}`;
  const problem = el("p.problem", { role: "alert", hidden: true });
  const button = el(danger ? "button.danger" : "button.primary", { type: "submit" }, agree);
  const dialog = el("dialog", { "aria-labelledby": id });
  const form = el("form", { method: "dialog" },
    el("h2", { id }, title),
    [].concat(text).map((line) => (line instanceof Node ? line : el("p", {}, line))),
    fields, problem,
    el("div.buttons", {},
      el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), button));
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let outcome = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      problem.hidden = true;
      try {
        outcome = await act(new FormData(form));
        dialog.close();
      } catch (error) {
        fill(problem, document.createTextNode(error.message));
        problem.hidden = false;
      } finally {
        button.disabled = false;
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(outcome);
    });
    dialog.showModal();
    (form.querySelector("input, select, textarea") ?? form.querySelector(".buttons button")).focus();
  });
}

/** A field with its label above and a hint below. */
export function field(label, input, hint = null) {
  count += 1;
  const id = `field-${count}`;
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}-hint`);
  return el("div.field", {}, el("label", { for: id }, label), input, hint && el("p.hint", { id: `${id}-hint` }, hint));
}

export function checkbox(label, name, checked = false) {
  return el("label.check", {}, el("input", { type: "checkbox", name, checked }), label);
}
