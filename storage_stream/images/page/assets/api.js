// The service, asked over HTTP. What it refuses comes as problem+json (RFC 9457), whose code
// decides what a person is told.

export const about = { api: "images", max_upload_bytes: Infinity, max_upload_pixels: Infinity, preview: null };

const MEANT = {
  bad_request: "The request could not be read.",
  not_authenticated: "You are not signed in.",
  permission_denied: "You may not do that here.",
  not_found: "It is not there any more.",
  conflict: "It cannot be done as things are.",
  precondition_failed: "It was changed elsewhere meanwhile, and is left as it is.",
  body_too_large: "The file is too large.",
  picture_too_large: "The picture has too many pixels.",
  unsupported_media_type: "This is not a picture that can be kept here.",
  unreadable_image: "The picture is damaged, or of a kind that cannot be read.",
  upload_stalled: "The upload stood still for too long.",
};

/** What the service refused, in a sentence; `field` is the part of the request that was wrong. */
export class Refused extends Error {
  constructor(status, problem) {
    const lead = MEANT[problem.code];
    const detail = problem.detail ? problem.detail[0].toUpperCase() + problem.detail.slice(1) : "";
    const rest = detail && !/[.!?]$/.test(detail) ? `${detail}.` : detail;
    // What the service says of revisions are numbers that nobody has seen.
    super([lead, problem.code === "precondition_failed" ? null : rest].filter(Boolean).join(" ") || `The service answered ${status}, and gave no reason.`);
    Object.assign(this, { status, code: problem.code ?? null, field: problem.field ?? null, detail: problem.detail ?? "" });
  }
}

export class NoAnswer extends Error {
  constructor() {
    super("No answer came. Is the gallery still running, and are you online?");
  }
}

export function problemOf(status, text) {
  try {
    return new Refused(status, JSON.parse(text));
  } catch {
    return new Refused(status, {});
  }
}

export function url(path, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(pairs).toString();
  return `${about.api}${path}${text ? `?${text}` : ""}`;
}

/** What is sent besides: `revision` is that of a record which shall be left alone if it is another by now. */
export const sentAs = ({ body, revision }) => ({
  headers: {
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(revision === undefined ? {} : { "If-Match": `"${revision}"` }),
  },
  body: body === undefined ? undefined : JSON.stringify(body),
});

/** Ask; gives the JSON of the answer, or null where it has none. */
export async function ask(method, path, { query, body, revision, signal, keepalive = false } = {}) {
  let answer;
  let text;
  try {
    answer = await fetch(url(path, query), { method, signal, keepalive, ...sentAs({ body, revision }) });
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new NoAnswer();
  }
  if (!answer.ok) throw problemOf(answer.status, text);
  return text ? JSON.parse(text) : null;
}

/** What the page was told by who serves it. */
export async function learn() {
  const answer = await fetch("about.json").catch(() => { throw new NoAnswer(); });
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  Object.assign(about, await answer.json());
}

export const contentOf = (image) => url(`/${image.id}/content`);

const SHOWN = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

export const isShown = (version) => SHOWN.test(version.file.content_type ?? "");

const MAX_UNSCALED = 2 * 1024 * 1024;
const longer = (version) => Math.max(...(version.metadata.size ?? [0]));

/** The version that stands for an image in a grid: the smallest that is large enough, if any is. */
export function previewOf(image) {
  const { original, thumbnail, ...others } = image.versions;
  if (thumbnail && isShown(thumbnail)) return thumbnail;
  const fit = Object.values(others).filter((each) => isShown(each) && longer(each) >= 240).sort((a, b) => a.file.size - b.file.size);
  if (fit.length) return fit[0];
  return original && isShown(original) && original.file.size <= MAX_UNSCALED ? original : null;
}

export const nameOf = (image) => {
  const { file } = image.versions.original;
  const dotted = file.extension ? `.${file.extension}` : "";
  return file.name.toLowerCase().endsWith(dotted.toLowerCase()) ? file.name : `${file.name}${dotted}`;
};
