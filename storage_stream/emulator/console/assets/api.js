// The service, asked as any client asks it. The console's own requests carry a header by which they
// stay out of the log and meet no fault, unless a person wants them to (`takePart`).

let about = { housekeeping: {}, project: "console" };
let takesPart = false;
const payers = new Set();

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** What the emulator says of itself; asked again whenever the connection to it was lost. */
export async function learn() {
  about = await (await answered(fetch("/_console/about"))).json();
  return about;
}

export const known = () => about;
export const takePart = (wanted) => { takesPart = wanted; };
export const ownHeaders = () => (takesPart ? {} : about.housekeeping);

/** Remember whose owner does not pay: requests for it have to name a project. */
export function notePayers(buckets) {
  payers.clear();
  for (const bucket of buckets) if (bucket.billing?.requesterPays) payers.add(bucket.name);
}

export const part = (name) => encodeURIComponent(name);
export const objectPath = (bucket, name) => `/storage/v1/b/${part(bucket)}/o/${part(name)}`;

export function withQuery(path, query = {}, bucket = null) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (payers.has(bucket)) pairs.push(["userProject", about.project]);
  const text = new URLSearchParams(pairs).toString();
  return text ? `${path}?${text}` : path;
}

/** Ask, and return the answer's JSON (null without a body). Throws `Refused` with a sentence. */
export async function ask(method, path, { query = {}, body = undefined, bucket = null } = {}) {
  const headers = { ...ownHeaders() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const content = body === undefined ? undefined : JSON.stringify(body);
  const answer = await answered(fetch(withQuery(path, query, bucket), { method, headers, body: content }));
  const text = await answer.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(answer.status, "The answer was not JSON. A fault may have garbled it.");
  }
}

export async function answered(request) {
  let answer;
  try {
    answer = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "No answer came: the emulator has stopped, or a fault cut the connection.");
  }
  if (!answer.ok) throw new Refused(answer.status, sentence(answer.status, await answer.text().catch(() => "")));
  return answer;
}

/** The service's own sentence, from JSON or text, with what a person can do about it. */
export function sentence(status, text) {
  let message = text.trim();
  try {
    message = JSON.parse(text).error.message;
  } catch {
    // It is text already, as media requests are answered.
  }
  if (status === 401) message = `The request showed no valid token. ${message}`;
  return `${message || "The service gave no reason."} (${status})`;
}

/** Where the browser gets an object's bytes: to show as a type of ours, or to keep. */
export function viewUrl(item, mediaType) {
  const place = `b/${part(item.bucket)}/o/${part(item.name)}`;
  return withQuery(`/_console/view/${mediaType}/${place}`, { generation: item.generation }, item.bucket);
}

export function downloadUrl(item) {
  const place = `b/${part(item.bucket)}/o/${part(item.name)}`;
  return withQuery(`/_console/download/${place}`, { generation: item.generation }, item.bucket);
}
