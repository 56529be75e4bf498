// How sizes, counts and names are written.

const UNITS = ["bytes", "KiB", "MiB", "GiB"];

export function bytes(count) {
  let value = count;
  let at = 0;
  for (; value >= 1024 && at < UNITS.length - 1; at += 1) value /= 1024;
  const figure = at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1);
  return `${figure} ${UNITS[at]}`;
}

export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });

export const moment = (text) => DAY.format(new Date(text));

export const galleryName = (gallery) => gallery.name || "Untitled gallery";
