// What can be taken along, as files: JSON and CSV like those of the command line.

import { TYPES } from "./terms.js";

const COLUMNS = [
  "path", "width", "height", "sha256", "model", "revision", "trained", "segmenter", "region",
  "x1", "y1", "x2", "y2", "area_fraction",
  "quality_level", "quality_score", "quality_std",
  "importance_level", "importance_score", "importance_std",
  "distortions", ...TYPES.map((type) => `p_${type}`),
];

// The assessed regions as a report, `seagull.quality_report/1`.
export function reportOf({ photo, model, regions, assessed }) {
  const entries = regions.filter(({ key }) => assessed.has(key)).map((region) => ({
    ...assessed.get(region.key),
    id: region.name,
    source: region.source,
    segmenter: region.segmenter,
    confidence: region.confidence,
  }));
  const segmenters = [...new Set(entries.map((entry) => entry.segmenter).filter(Boolean))].sort();
  return {
    schema: "seagull.quality_report/1",
    image: { path: photo.name, width: photo.width, height: photo.height, sha256: photo.sha256 },
    model,
    segmenter: segmenters.join(", ") || null,
    regions: entries,
  };
}

export function csvOf(report) {
  const rows = report.regions.map((region) => row(report, region));
  return [COLUMNS, ...rows].map((cells) => cells.map(cell).join(",")).join("\n") + "\n";
}

function row({ image, model }, region) {
  const score = (one) => (one ? [one.level, fixed(one.score), fixed(one.std)] : ["", "", ""]);
  const pairs = region.distortions?.map(({ type, severity }) => `${type}:${severity}`);
  const judged = region.distortion_probabilities ?? {};
  return [
    image.path, image.width, image.height, image.sha256,
    model.name, model.revision, String(model.trained), region.segmenter ?? "", region.id,
    ...region.box, fixed(region.area_fraction),
    ...score(region.quality), ...score(region.importance),
    pairs ? pairs.join(";") || "clean" : "", ...TYPES.map((type) => (type in judged ? fixed(judged[type]) : "")),
  ];
}

function fixed(value) {
  return value.toFixed(6);
}

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// How the server is asked for regions under their names; long masks in their short form.
export function requestOf({ regions, assessed }) {
  return regions.map(({ key, name, asked }) => {
    const mask = assessed.get(key)?.mask;
    return { id: name, ...(asked.rle && mask ? { rle: mask } : asked) };
  });
}

// The name of the photo's file without its ending, for names of other files.
export function stem(name) {
  return name.replace(/\.[^.]*$/, "").replaceAll(/[^\p{L}\p{N}._-]+/gu, "-") || "photo";
}
