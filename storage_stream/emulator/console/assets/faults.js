// Faults: arm one, see what is armed, disarm it.

import { answered, ask, known, takePart } from "./api.js";
import { field } from "./dialogs.js";
import { byId, el, fill, icon, iconButton, toast } from "./dom.js";

const FIRST = "storage.objects.get"; // what is broken most often
const SAMPLES = { CODE: "503", NK: "256K", NBps: "1000Bps", NB: "1000B", Ns: "1s", N: "1000" };

/** Draw the panel once what can be armed is known. */
export function startFaults() {
  const { operations, words } = known();
  const operation = el("select", { name: "operation" }, operations.map((name) => el("option", { value: name }, name)));
  operation.value = FIRST;
  const form = el("select", { name: "form" }, words.map(({ spelling }) => el("option", { value: spelling }, spelling)));
  const word = el("input", { name: "word", autocomplete: "off", spellcheck: "false", required: true });
  const times = el("input", { name: "times", type: "number", min: "1", max: "1000", value: "1", required: true });
  const meaning = el("p.hint", { id: "fault-meaning", role: "status" });
  const chosen = () => {
    const found = words.find(({ spelling }) => spelling === form.value);
    word.value = sample(found.spelling);
    meaning.textContent = found.meaning;
  };
  form.addEventListener("change", chosen);
  chosen();
  const problem = el("p.problem", { role: "alert", hidden: true });
  const send = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const instructions = { [operation.value]: Array(Number(times.value)).fill(word.value.trim()) };
      await ask("POST", "/_emulator/arm_next", { body: { instructions } });
      await look();
      toast(`${word.value.trim()} is armed for the next ${operation.value}.`);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
  fill(byId("faults-body"),
    el("form.arm", { onsubmit: send },
      field("For the next", operation),
      field("Fault", form), meaning,
      el("div.pair", {}, field("As", word, "Figures can be changed."), field("Times", times)),
      problem,
      el("button.primary", { type: "submit" }, icon("bolt"), "Arm")),
    el("h3", {}, "Armed"),
    el("div", { id: "armed" }),
    el("label.check", {}, el("input", { type: "checkbox", onchange: (event) => takePart(event.target.checked) }),
      "The console's own requests are logged and meet faults, too"));
  showArmed({ instructions: {}, retry_tests: [] });
}

/** A word with figures in the places of its letters. */
function sample(spelling) {
  return spelling.split("-").map((piece) => SAMPLES[piece] ?? piece).join("-");
}

export function showArmed({ instructions, retry_tests: tests }) {
  const box = byId("armed");
  if (!box) return;
  const open = Object.entries(instructions);
  const count = open.reduce((sum, [, words]) => sum + words.length, 0)
    + tests.flatMap((test) => Object.values(test.instructions)).reduce((sum, words) => sum + words.length, 0);
  const badge = byId("fault-count");
  badge.textContent = String(count);
  badge.hidden = count === 0;
  if (!count) {
    fill(box, el("p.empty-line", {}, "Nothing is armed: requests go through unharmed."));
    return;
  }
  fill(box,
    open.length > 0 && el("ul.armed-list", { "aria-label": "For the next requests of anybody" }, open.map(([name, words]) =>
      el("li", {}, el("div", {}, el("strong", {}, name), wordsOf(words)),
        iconButton("close", `Disarm ${name}`, () => remove(`/_emulator/arm_next?operation=${encodeURIComponent(name)}`))))),
    tests.map((test) => el("section.test", {},
      el("div.bar", {}, el("h4", {}, "Retry test ", el("code", {}, test.id.slice(0, 8))),
        iconButton("close", `End the retry test ${test.id.slice(0, 8)}`, () => remove(`/retry_test/${test.id}`))),
      el("ul.armed-list", {}, Object.entries(test.instructions).filter(([, words]) => words.length).map(([name, words]) =>
        el("li", {}, el("div", {}, el("strong", {}, name), wordsOf(words))))))));
}

/** Words in the order they are met; repeated ones are counted. */
function wordsOf(words) {
  const runs = [];
  for (const word of words) {
    if (runs.at(-1)?.word === word) runs.at(-1).count += 1;
    else runs.push({ word, count: 1 });
  }
  return el("ol", {}, runs.map(({ word, count }) => el("li", {}, el("code", {}, word), count > 1 && ` × ${count}`)));
}

/** Show at once what was just changed here; changes from elsewhere come with the stream. */
async function look() {
  const [next, tests] = await Promise.all([ask("GET", "/_emulator/arm_next"), ask("GET", "/retry_tests")]);
  showArmed({ instructions: next.instructions, retry_tests: tests.retry_test.filter((test) => !test.completed) });
}

async function remove(path) {
  try {
    await answered(fetch(path, { method: "DELETE" }));
    await look();
  } catch (error) {
    toast(error.message, { failed: true });
  }
}
