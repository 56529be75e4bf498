// A converter as a form: its versions, what is done for each, and all of it as JSON besides.

import { ask } from "./api.js";
import { FORMATS, SOURCES } from "./choices.js";
import { field } from "./dialogs.js";
import { button, drawing, el, fill, iconButton, say, told, toast } from "./dom.js";
import { operationsField } from "./operations_form.js";
import { go } from "./place.js";

const NEW = { name: "", settings: { versions: [{ version: "web", format: "webp", operations: [{ name: "abs_scale", params: { size: 1600 } }], save_settings: { quality: 80 } }] } };

async function draftOf(which) {
  if (which === "new") return { id: null, ...structuredClone(NEW) };
  const id = which.replace(/^copy-/, "");
  const { name, settings, revision } = await ask("GET", `/converters/${id}`);
  return which === id ? { id, name, settings, revision } : { id: null, name: `${name} (copy)`, settings };
}

export async function showConverter(main, { converter }) {
  const draft = await draftOf(converter);
  const title = draft.id ? `Edit ${draft.name}` : "New converter";
  const form = el("form.converter-form", { novalidate: true });
  const json = el("textarea.code", { rows: 14, spellcheck: false, autocomplete: "off" });
  const versions = el("div.version-fields");
  const general = el("div");
  const problem = el("div.problem", { role: "alert", hidden: true });
  const name = el("input", { value: draft.name, required: true, maxLength: 200, autocomplete: "off", oninput: () => { draft.name = name.value; } });

  /** Something was changed in the form: the JSON follows. */
  const changed = () => { json.value = JSON.stringify(draft.settings, null, 2); };

  function redraw(focus = null) {
    fill(general, generalFields(draft.settings, changed));
    fill(versions, draft.settings.versions.map((version, at) => versionFields(version, at)),
      button("Add a version", () => {
        draft.settings.versions.push({ version: freeName(draft.settings.versions), format: "jpeg", operations: [] });
        redraw(`versions[${draft.settings.versions.length - 1}].version`);
      }, { image: "add" }));
    changed();
    if (focus) form.querySelector(`[data-path="${CSS.escape(focus)}"]`)?.focus();
  }

  function versionFields(version, at) {
    const path = `versions[${at}]`;
    const set = (key, value) => { version[key] = value; changed(); };
    const label = el("input", { value: version.version ?? "", required: true, maxLength: 200, autocomplete: "off", oninput: () => set("version", label.value) });
    const format = el("select", { onchange: () => { set("format", format.value); delete version.save_settings; delete version.output_extension; redraw(`${path}.format`); } },
      Object.entries(FORMATS).map(([key, each]) => el("option", { value: key }, each.label)));
    format.value = version.format;
    const source = el("select", { onchange: () => set("source", source.value) }, Object.entries(SOURCES).map(([key, words]) => el("option", { value: key }, words)));
    source.value = version.source ?? "processed_original";
    const move = (to) => {
      const list = draft.settings.versions;
      list.splice(to, 0, ...list.splice(at, 1));
      redraw(`versions[${to}].version`);
    };
    const remove = () => {
      draft.settings.versions.splice(at, 1);
      say(`Version ${version.version} removed from the form`);
      redraw(`versions[${Math.max(0, at - 1)}].version`);
    };
    const many = draft.settings.versions.length > 1;
    return el("fieldset.panel", {}, el("legend.unseen", {}, `Version ${at + 1}`),
      el("div.panel-head", {}, el("h2", { "aria-hidden": "true" }, `Version ${at + 1}`),
        el("div.actions", {},
          at > 0 && iconButton("up", `Move version ${at + 1} up`, () => move(at - 1)),
          at < draft.settings.versions.length - 1 && iconButton("down", `Move version ${at + 1} down`, () => move(at + 1)),
          many && iconButton("trash", `Remove version ${at + 1}`, remove, { kind: ".danger" }))),
      el("div.row", {}, field("Version name", label, { path: `${path}.version` }), field("Format", format, { path: `${path}.format` }),
        field("Made of", source, { path: `${path}.source` })),
      savingFields(version, path, changed),
      operationsField("Steps", (version.operations ??= []), `${path}.operations`, changed));
  }

  const advanced = el("details.panel", {}, el("summary", {}, "Settings as JSON"),
    field("Settings", json, { hint: "All that the form shows, and what it does not: file name masks, metadata." }),
    button("Take this JSON into the form", () => {
      try {
        const read = JSON.parse(json.value);
        if (!Array.isArray(read?.versions)) throw new Error("“versions” has to be a list.");
        draft.settings = read;
        redraw();
        say("The form shows the JSON now");
      } catch (error) {
        told(new Error(`This JSON cannot be read: ${error.message}`));
      }
    }, { kind: ".small" }));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });

  async function save() {
    clearProblems(form);
    problem.hidden = true;
    try {
      const body = { name: draft.name.trim(), settings: draft.settings };
      if (draft.id) await ask("PATCH", `/converters/${draft.id}`, { body, revision: draft.revision });
      else await ask("POST", "/converters", { body });
      toast(`Converter “${body.name}” saved.`);
      go("#/converters");
    } catch (error) {
      if (error.status === 412) fill(problem, changedElsewhere());
      else fill(problem, el("p", {}, error.message));
      problem.hidden = false;
      markProblem(form, error);
    }
  }

  /** Of two pages that edit the same, the last one does not win without being asked. */
  const changedElsewhere = () => [
    el("p", {}, "This converter was changed elsewhere meanwhile. What you changed is still here, and not saved."),
    el("div.actions", {},
      button("Load what is there now", () => load().catch(told), { kind: ".small", image: "retry" }),
      button("Save mine over it", () => overwrite().catch(told), { kind: ".small" })),
  ];

  async function load() {
    Object.assign(draft, await draftOf(draft.id));
    name.value = draft.name;
    problem.hidden = true;
    clearProblems(form);
    redraw();
    say("The form shows what is there now");
    name.focus();
  }

  async function overwrite() {
    ({ revision: draft.revision } = await ask("GET", `/converters/${draft.id}`));
    await save();
  }

  fill(form, el("div.panel", {}, field("Name", name, { path: "name" })), general, versions, advanced, problem,
    el("div.buttons", {}, el("a.button", { href: "#/converters" }, "Cancel"), el("button.primary", { type: "submit" }, draft.id ? "Save changes" : "Create converter")));
  redraw();
  fill(main, el("div.heading", {}, el("div.titles", {}, el("a.way", { href: "#/converters" }, drawing("back"), "Converters"), el("h1", { tabindex: "-1" }, title))), form);
  return { title };
}

function freeName(versions) {
  const taken = new Set(versions.map((each) => each.version));
  for (let number = versions.length + 1; ; number += 1) if (!taken.has(`version-${number}`)) return `version-${number}`;
}

/** How a version is saved, by the settings its format has. */
function savingFields(version, path, changed) {
  const known = FORMATS[version.format]?.settings ?? {};
  if (!Object.keys(known).length) return null;
  const given = version.save_settings ?? {};
  const set = (key, value) => {
    const now = { ...version.save_settings };
    if (value === null || value === false) delete now[key];
    else now[key] = value;
    if (Object.keys(now).length) version.save_settings = now;
    else delete version.save_settings;
    changed();
  };
  return el("div.row", {}, Object.entries(known).map(([key, each]) => {
    const where = { path: `${path}.save_settings.${key}` };
    if (each.max === undefined) {
      const box = el("input", { type: "checkbox", checked: given[key] === true, onchange: () => set(key, box.checked) });
      return el("label.check", {}, box, each.label);
    }
    const input = el("input", { type: "number", min: String(each.min), max: String(each.max), step: "1", value: String(given[key] ?? ""), placeholder: "Usual" });
    input.addEventListener("input", () => set(key, input.value === "" ? null : Number(input.value)));
    return field(each.label, input, where);
  }));
}

/** What holds for all versions: the first steps, and which files it takes. */
function generalFields(settings, changed) {
  const list = el("input", { value: [].concat(settings.ext ?? []).join(", "), autocomplete: "off", placeholder: "Any" });
  list.addEventListener("input", () => {
    const names = list.value.split(/[\s,]+/).filter(Boolean);
    if (names.length) settings.ext = names;
    else delete settings.ext;
    changed();
  });
  settings.operations ??= [];
  return el("details.panel", { open: settings.operations.length > 0 || Boolean(settings.ext) }, el("summary", {}, "For all versions"),
    field("Takes files that end in", list, { path: "ext", hint: "Such as: jpg, png. Empty takes every picture." }),
    operationsField("First steps", settings.operations, "operations", changed));
}

function clearProblems(form) {
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
}

/** Lead to the field that the service named, or to the nearest that holds it. */
function markProblem(form, error) {
  let path = (error.field ?? "").replace(/^settings\./, "");
  for (; path; path = path.replace(/(\.[^.[]+|\[\d+\]|^[^.[]+)$/, "")) {
    const found = form.querySelector(`[data-path="${CSS.escape(path)}"]`);
    if (!found) continue;
    found.closest("details")?.setAttribute("open", "");
    found.setAttribute("aria-invalid", "true");
    found.focus();
    return;
  }
}
