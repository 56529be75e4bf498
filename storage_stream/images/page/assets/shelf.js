// The images of one gallery, as far as they were asked for: page by page, newest first or last.

import { ask } from "./api.js";
import { isHidden } from "./undo.js";

const ON_PAGE = 60;

/** To the microsecond, which a `Date` has not; a whole second comes without a fraction. */
const storedAt = (image) => image.versions.original.timestamp.replace("Z", "");

export class Shelf {
  constructor(id, newestFirst = true) {
    Object.assign(this, { id, newestFirst, name: null, count: 0, items: [], again: 0, isComplete: false, loading: null });
  }

  /** The next page; two who ask at once get the same. */
  more() {
    if (this.isComplete) return Promise.resolve([]);
    this.loading ??= this.#load().finally(() => { this.loading = null; });
    return this.loading;
  }

  async #load() {
    const query = { offset: this.items.length + this.again, limit: ON_PAGE, newest_first: this.newestFirst };
    const page = await ask("GET", `/galleries/${this.id}/images`, { query });
    Object.assign(this, { name: page.name, count: page.count });
    const known = new Set(this.items.map((item) => item.id));
    const fresh = page.data.filter((item) => !known.has(item.id)); // others may have moved the pages
    this.again += page.data.length - fresh.length; // else the next page would be this one
    this.items.push(...fresh);
    this.isComplete = page.data.length < ON_PAGE;
    return fresh;
  }

  /**
   * What has just arrived goes where the service lists it: of several that are sent at once, the
   * first to be stored need not be the first that is answered. False where its place is not shown yet.
   */
  add(image) {
    if (this.items.some((item) => item.id === image.id)) return false;
    this.count += 1;
    if (!this.newestFirst && !this.isComplete) return false;
    const stored = storedAt(image);
    const isBehind = (item) => (this.newestFirst ? storedAt(item) <= stored : storedAt(item) > stored);
    const at = this.items.findIndex(isBehind);
    this.items.splice(at < 0 ? this.items.length : at, 0, image);
    return true;
  }

  /** What is listed behind it. */
  behind(id) {
    return this.items[this.items.findIndex((item) => item.id === id) + 1];
  }

  replace(image) {
    const at = this.items.findIndex((item) => item.id === image.id);
    if (at >= 0) this.items[at] = image;
  }

  drop(ids) {
    const gone = new Set(ids);
    const before = this.items.length;
    this.items = this.items.filter((item) => !gone.has(item.id));
    this.count = Math.max(0, this.count - (before - this.items.length));
  }

  get visible() {
    return this.items.filter((item) => !isHidden(item.id));
  }

  get visibleCount() {
    return this.count - (this.items.length - this.visible.length);
  }

  neighbours(id) {
    const list = this.visible;
    const at = list.findIndex((item) => item.id === id);
    return at < 0 ? {} : { before: list[at - 1], after: list[at + 1], at, last: at === list.length - 1 };
  }
}

let current = null;

/** The shelf of a gallery; the same as before, while it is the same gallery. */
export function shelfOf(id) {
  if (current?.id !== id) current = new Shelf(id);
  return current;
}

/** Begin anew, perhaps in the other order. */
export function freshShelf(id, newestFirst = current?.newestFirst ?? true) {
  current = new Shelf(id, newestFirst);
  return current;
}
