// Elements, made of text and never of markup: names of pictures are strangers' words.

const DRAWINGS = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  convert: "M4 9h11l-3-3M20 15H9l3 3",
  copy: "M9 9h10v11H9zM5 15V4h10",
  down: "M12 5v14M6 13l6 6 6-6",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  edit: "M4 20l1-4L16 5l3 3L8 19zM13.5 7.5l3 3",
  next: "M9 5l7 7-7 7",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9.5h.01",
  pictures: "M7 7h13v12H7zM4 15V4h12M7 16l4-4 3 3 2.5-2.5L20 16",
  retry: "M5 12a7 7 0 1 0 2.5-5.4M5 4v4h4",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  up: "M12 19V5M6 11l6-6 6 6",
  upload: "M12 16V5M7.5 9L12 4.5 16.5 9M5 20h14",
};

/** `el("button.primary", {onclick}, "Words")`; null, undefined and false are left out. */
export function el(kind, attributes = {}, ...content) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...shown(content));
  return made;
}

const shown = (content) => content.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false);

export const byId = (id) => document.getElementById(id);

export function fill(node, ...content) {
  node.replaceChildren(...shown(content));
  return node;
}

/** A drawing without a meaning of its own: the words stand beside it, or in a label. */
export function drawing(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", "drawing"]]) svg.setAttribute(key, value);
  svg.append(document.createElementNS(space, "path"));
  svg.firstChild.setAttribute("d", DRAWINGS[name]);
  return svg;
}

export function button(words, onclick, { kind = "", image = null, ...attributes } = {}) {
  return el(`button${kind}`, { type: "button", onclick, ...attributes }, image && drawing(image), words);
}

export function iconButton(image, label, onclick, { kind = "", ...attributes } = {}) {
  return el(`button.icon${kind}`, { type: "button", "aria-label": label, title: label, onclick, ...attributes }, drawing(image));
}

/** Said to who does not see the page. */
export function say(words) {
  byId("said").textContent = words;
}

/** A message that can be dismissed; what failed stays until it is. */
export function toast(words, { failed = false, action = null, seconds = 6 } = {}) {
  const box = el(failed ? "div.toast.failed" : "div.toast", { role: failed ? "alert" : null }, el("p", {}, words));
  let left = seconds * 1000;
  let since = 0;
  let timer = null;
  const remove = () => { clearTimeout(timer); box.remove(); };
  const wait = () => {
    if (failed || !box.isConnected || box.matches(":hover, :focus-within")) return;
    clearTimeout(timer);
    since = Date.now();
    timer = setTimeout(() => { remove(); action?.expired?.(); }, left);
  };
  const pause = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    left = Math.max(1500, left - (Date.now() - since));
  };
  if (action) box.append(button(action.words, () => { remove(); action.act(); }, { kind: ".undo" }));
  box.append(iconButton("close", "Dismiss", () => { remove(); action?.expired?.(); }));
  for (const name of ["mouseenter", "focusin"]) box.addEventListener(name, pause);
  for (const name of ["mouseleave", "focusout"]) box.addEventListener(name, () => setTimeout(wait));
  byId("toasts").append(box);
  if (!failed) say(words);
  wait();
  return { remove, expire: () => { remove(); action?.expired?.(); } };
}

export const told = (error) => toast(error.message, { failed: true });

/** What stands where nothing is: a drawing, a sentence, what to do. */
export function empty(image, title, words, ...actions) {
  return el("div.empty", {}, drawing(image), el("h2", { tabindex: "-1" }, title), words && el("p", {}, words), actions.length ? el("div.actions", {}, actions) : null);
}
