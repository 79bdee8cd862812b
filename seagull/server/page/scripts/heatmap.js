// Quality as colour: at each pixel that of the region on top, as `draw_heatmap` does.

import { colour } from "./palette.js";

// How much its colour covers where quality is 1, and where it is 0.
const FAINT = 0.25;
const STRONG = 0.85;
// Pixels as words of the bytes alpha, blue, green, red.
const BARE = word([0, 0, 0], 0.6);
const QUALITY = rampOf(colour, (score) => STRONG - (STRONG - FAINT) * score);

// The pixels that stand for scores from 0 to 1.
export function rampOf(colourOf, alphaOf) {
  return Array.from({ length: 256 }, (_, step) => word(colourOf(step / 255), alphaOf(step / 255)));
}

// A canvas of the masks' size; what no region covers is dark.
//
// Args: size {width, height}; regions with a mask and a score in [0, 1], each over those before it;
// ramp of rampOf.
export function heatmap(size, regions, ramp = QUALITY) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(size.width, size.height);
  const words = new Uint32Array(picture.data.buffer).fill(BARE);
  for (const { mask, score } of regions) paint(words, mask, ramp[Math.round(score * 255)]);
  context.putImageData(picture, 0, 0);
  return canvas;
}

// The largest first, so that the smallest is painted last.
export function largestFirst(regions) {
  return [...regions].sort((a, b) => b.mask.area - a.mask.area);
}

function paint(words, { bits, box, size }, tone) {
  for (let row = box.top; row < box.bottom; row++) {
    const start = row * size.width;
    for (let pixel = start + box.left; pixel < start + box.right; pixel++) if (bits[pixel]) words[pixel] = tone;
  }
}

function word([red, green, blue], alpha) {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
