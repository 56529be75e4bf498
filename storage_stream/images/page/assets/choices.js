// What a converter can be told, by the service's own names, and in words for people.

const MAX_SIDE = 65500;
const side = { min: 1, max: MAX_SIDE, step: 1 };

/** By name: words, and the arguments with their fields. */
export const OPERATIONS = {
  abs_scale: { label: "Scale to longest side", arguments: { size: { labels: ["Longest side (px)"], start: 1200, ...side }, enlarge: { labels: ["Enlarge smaller ones"], start: true, isTruth: true, optional: true } } },
  scale: { label: "Scale by factor", arguments: { scale: { labels: ["Factor"], start: 0.5, min: 0.01, max: 10, step: "any" } } },
  resize: { label: "Resize exactly", arguments: { size: { labels: ["Width (px)", "Height (px)"], start: [800, 600], ...side } } },
  aspect_crop: {
    label: "Crop to proportions",
    arguments: {
      ratio: { labels: ["Width part", "Height part"], start: [1, 1], min: 1, max: 10000, step: 1 },
      rel_shift: { labels: ["Left to right (0–1)", "Top to bottom (0–1)"], start: [0.5, 0.5], min: 0, max: 1, step: "any", optional: true },
    },
  },
  crop: { label: "Crop to a rectangle", arguments: { rect: { labels: ["Left", "Top", "Right", "Bottom"], start: [0, 0, 400, 400], min: 0, max: 1000000, step: 1 } } },
  rotate: { label: "Rotate", arguments: { angle: { labels: ["Clockwise"], start: 90, choices: { 90: "90°", 180: "180°", 270: "270°" } } } },
  flip_horizontal: { label: "Mirror left and right", arguments: {} },
  flip_vertical: { label: "Mirror top and bottom", arguments: {} },
  blur: { label: "Blur", arguments: {} },
  set_background_color_rgb: { label: "Fill what is transparent", arguments: { color: { labels: ["Colour"], start: [255, 255, 255], isColour: true } } },
  auto_orient: { label: "Turn upright", arguments: {} },
};

const quality = { label: "Quality (1–100)", min: 1, max: 100 };

/** By name: words, and the settings it is saved with. */
export const FORMATS = {
  jpeg: { label: "JPEG", settings: { quality, progressive: { label: "Progressive" }, optimize: { label: "Optimised" } } },
  webp: { label: "WebP", settings: { quality, lossless: { label: "Lossless" }, method: { label: "Effort (0–6)", min: 0, max: 6 } } },
  png: { label: "PNG", settings: { compress_level: { label: "Compression (0–9)", min: 0, max: 9 }, optimize: { label: "Optimised" } } },
  gif: { label: "GIF", settings: { optimize: { label: "Optimised" } } },
  tiff: { label: "TIFF", settings: {} },
  bmp: { label: "BMP", settings: {} },
};

export const SOURCES = {
  processed_original: "The original, after the first steps",
  unprocessed_original: "The original as it is",
  previous_version: "The version before",
};

/** An operation's arguments as a mapping; the service takes the first one alone, too. */
export function argumentsOf(operation) {
  const { params } = operation;
  if (params !== null && typeof params === "object" && !Array.isArray(params)) return { ...params };
  const [first] = Object.keys(OPERATIONS[operation.name]?.arguments ?? {});
  return params === null || params === undefined || !first ? {} : { [first]: params };
}

export function newOperation(name) {
  const wanted = Object.entries(OPERATIONS[name].arguments).filter(([, each]) => !each.optional);
  return wanted.length ? { name, params: Object.fromEntries(wanted.map(([key, each]) => [key, each.start])) } : { name };
}

export const hex = (levels) => `#${levels.map((level) => level.toString(16).padStart(2, "0")).join("")}`;
export const levels = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

function step(operation) {
  const given = argumentsOf(operation);
  const say = {
    abs_scale: () => `longest side ${given.size} px`,
    scale: () => `× ${given.scale}`,
    resize: () => `${given.size?.join(" × ")} px`,
    aspect_crop: () => `cropped ${given.ratio?.join(" : ")}`,
    crop: () => "cropped",
    rotate: () => `rotated ${given.angle}°`,
    set_background_color_rgb: () => "on a ground",
  }[operation.name];
  return say ? say() : (OPERATIONS[operation.name]?.label ?? operation.name).toLowerCase();
}

/** A version in one line: its format, and what is done. */
export function summaryOf(version) {
  return [FORMATS[version.format]?.label ?? version.format, ...(version.operations ?? []).map(step)].join(", ");
}
