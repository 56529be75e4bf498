// Where the page is, kept in the address: so it can be reloaded, gone back from, and sent.

const ID = /^[0-9a-f-]{36}$/i;

export const toGallery = (id) => `#/g/${id}`;
export const toImage = (gallery, id) => `#/g/${gallery}/${id}`;
export const toConverter = (id) => `#/converters/${id}`;

/** The place that the address tells; what cannot be is the beginning. */
export function here() {
  const [, kind = "", first = "", second = ""] = location.hash.split("/");
  if (kind === "converters") return { view: "converters", converter: first || null };
  if (kind === "g" && ID.test(first)) {
    return { view: "galleries", gallery: first, image: ID.test(second) ? second : null };
  }
  return { view: "galleries", gallery: null, image: null };
}

/** Go there; `instead` leaves no way back to what is not there any more. */
export function go(address, { instead = false } = {}) {
  if (instead) location.replace(address);
  else location.hash = address;
}
