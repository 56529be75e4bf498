// Dialogs: the browser's own, which keeps the focus inside and gives it back.

import { button, el } from "./dom.js";

let count = 0;

/** A labelled field; `path` is how the service names it in a problem. */
export function field(label, input, { hint = null, path = null } = {}) {
  count += 1;
  input.id ||= `field-${count}`;
  const notes = hint ? el("p.hint", { id: `${input.id}-hint` }, hint) : null;
  if (notes) input.setAttribute("aria-describedby", notes.id);
  if (path) input.dataset.path = path;
  return el("div.field", {}, el("label", { for: input.id }, label), input, notes);
}

/**
 * Ask in a dialog. `act(data)` is called when a person agrees; what it throws is told in the dialog,
 * which stays. Resolves to what it gave, or to null.
 */
export function askIn({ title, content = [], agree, act }) {
  count += 1;
  const id = `dialog-${count}`;
  const problem = el("p.problem", { role: "alert", hidden: true });
  const submit = el("button.primary", { type: "submit" }, agree);
  const dialog = el("dialog", { "aria-labelledby": id });
  const form = el("form", { method: "dialog" }, el("h2", { id }, title), content, problem,
    el("div.buttons", {}, button("Cancel", () => dialog.close()), submit));
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let outcome = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (submit.disabled) return;
      submit.disabled = true;
      problem.hidden = true;
      try {
        outcome = await act(new FormData(form));
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      } finally {
        submit.disabled = false;
      }
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(outcome); });
    dialog.showModal();
    const first = form.querySelector("input, select, textarea");
    (first ?? submit).focus();
    if (first?.select) first.select();
  });
}

export const askName = (title, agree, value, act, more = []) => askIn({
  title, agree,
  content: [...more, field("Name", el("input", { name: "name", required: true, maxLength: 200, value, autocomplete: "off" }))],
  act: (data) => act(data.get("name").trim()),
});
