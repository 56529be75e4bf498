// How figures, times and names are written.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count) {
  let value = Number(count);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export const whole = (count) => Number(count).toLocaleString("en");

const DAY = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "short", day: "2-digit" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { month: "short", day: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SECOND = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function moment(text) {
  const date = new Date(text);
  return `${DAY.format(date)}, ${MINUTE.format(date)}`;
}

/** The same without the year, where there is little room. */
export function shortMoment(text) {
  const date = new Date(text);
  return `${SHORT_DAY.format(date)}, ${MINUTE.format(date)}`;
}

export function clockTime(text) {
  const date = new Date(text);
  return `${SECOND.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export function duration(seconds) {
  if (seconds === null) return "";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** A path as a person reads it; one that was not encoded well is shown as it is. */
export function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The last part of a name, with its slash if it is a folder. */
export function lastPart(name) {
  const parts = name.split("/");
  const last = parts.pop();
  return last === "" && parts.length ? `${parts.pop()}/` : last;
}

const HEX_COLUMNS = 8; // what a narrow pane and a telephone hold

export function hexDump(data) {
  const lines = [];
  for (let at = 0; at < data.length; at += HEX_COLUMNS) {
    const part = [...data.subarray(at, at + HEX_COLUMNS)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(3 * HEX_COLUMNS - 1)}  ${text}`);
  }
  return lines.join("\n");
}
