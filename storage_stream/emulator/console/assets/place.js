// Where the page is: a bucket, a folder in it, an object; kept in the address, so that it can be
// reloaded, gone back from and sent to somebody.

const encoded = encodeURIComponent;

export const toFolder = (bucket, prefix = "") => `#/b/${encoded(bucket)}/${encoded(prefix)}`;
export const toObject = (bucket, name) => `#/o/${encoded(bucket)}/${encoded(name)}`;

/** The folder that an object is listed in; one whose name ends with a slash is in its own. */
export const folderOf = (name) => name.slice(0, name.lastIndexOf("/") + 1);

/** The place that the address tells; one that cannot be read is the beginning. */
export function here() {
  const [, kind = "", first = "", second = ""] = location.hash.split("/");
  if (kind === "requests" || kind === "faults") return { view: kind };
  try {
    const [bucket, name] = [decodeURIComponent(first), decodeURIComponent(second)];
    if (kind === "b" && bucket) return { view: "objects", bucket, prefix: name };
    if (kind === "o" && bucket) {
      return { view: "objects", bucket, prefix: folderOf(name), object: name };
    }
  } catch {
    // A percent sign that is none: as if nothing had been told.
  }
  return { view: "objects" };
}

export function go(address) {
  if (location.hash === address) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}
