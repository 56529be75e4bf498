// As what an object is shown: by the type it tells, else by the end of its name. Only types that
// the emulator's own table shows, too; an object's HTML and scripts are text.

const PICTURES = ["png", "jpeg", "gif", "webp", "avif", "bmp", "svg+xml", "x-icon", "apng"].map((kind) => `image/${kind}`);
const SOUNDS = ["mpeg", "mp4", "ogg", "wav", "webm", "flac", "aac"].map((kind) => `audio/${kind}`);
const FILMS = ["mp4", "webm", "ogg", "quicktime", "x-matroska"].map((kind) => `video/${kind}`);
const SHOWN = new Set([...PICTURES, ...SOUNDS, ...FILMS]);
const SAME = { "image/jpg": "image/jpeg", "image/vnd.microsoft.icon": "image/x-icon", "audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav" };
const ENDS = {
  png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", avif: "image/avif",
  bmp: "image/bmp", svg: "image/svg+xml", ico: "image/x-icon", mp4: "video/mp4", webm: "video/webm", mov: "video/quicktime",
  mkv: "video/x-matroska", mp3: "audio/mpeg", ogg: "audio/ogg", wav: "audio/wav", flac: "audio/flac", m4a: "audio/mp4",
};
const WORDLESS = new Set(["", "application/octet-stream", "binary/octet-stream"]);

/** A type to show the object as, or null: then it is looked at as text or bytes. */
export function kindOf(item) {
  const told = (item.contentType ?? "").split(";")[0].trim().toLowerCase();
  const type = SAME[told] ?? told;
  if (SHOWN.has(type)) return type;
  if (!WORDLESS.has(type)) return null;
  return ENDS[item.name.split(".").pop().toLowerCase()] ?? null;
}

export function isJson(item) {
  return /[/+]json\b/.test(item.contentType ?? "") || /\.json$/i.test(item.name);
}
