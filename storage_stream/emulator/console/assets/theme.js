// Light, dark, or as the system has it; remembered in this browser.

import { byId, fill, icon } from "./dom.js";

const CHOICES = [
  { name: "system", drawing: "system", words: "Colours: as the system" },
  { name: "light", drawing: "sun", words: "Colours: light" },
  { name: "dark", drawing: "moon", words: "Colours: dark" },
];
const KEY = "storage-stream-console-colours";

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off in this browser, and so the choice is not remembered
  }
}

function store(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // As above.
  }
}

export function startTheme() {
  const button = byId("theme");
  let at = Math.max(0, CHOICES.findIndex((choice) => choice.name === stored()));
  const show = () => {
    const choice = CHOICES[at];
    document.documentElement.dataset.colours = choice.name;
    button.setAttribute("aria-label", choice.words);
    button.title = choice.words;
    fill(button, icon(choice.drawing));
  };
  button.addEventListener("click", () => {
    at = (at + 1) % CHOICES.length;
    store(CHOICES[at].name);
    show();
  });
  show();
}
