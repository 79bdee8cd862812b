// Quality as colour: at each pixel the mean over the regions on it, as `draw_heatmap` does.

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
// Args: size {width, height}; regions with a mask and a score in [0, 1]; ramp of rampOf. A small
// region says more of a pixel than a large one: each weighs one over its area.
export function heatmap(size, regions, ramp = QUALITY) {
  const count = size.width * size.height;
  const total = new Float32Array(count);
  const weight = new Float32Array(count);
  for (const { mask, score } of regions) add(total, weight, mask, score);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(size.width, size.height);
  const words = new Uint32Array(picture.data.buffer);
  for (let pixel = 0; pixel < count; pixel++) {
    const covered = weight[pixel] > 0;
    words[pixel] = covered ? ramp[Math.round((total[pixel] / weight[pixel]) * 255)] : BARE;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

function add(total, weight, { bits, box, area, size }, score) {
  const share = 1 / Math.max(1, area);
  for (let row = box.top; row < box.bottom; row++) {
    const start = row * size.width;
    for (let pixel = start + box.left; pixel < start + box.right; pixel++) {
      if (!bits[pixel]) continue;
      total[pixel] += share * score;
      weight[pixel] += share;
    }
  }
}

function word([red, green, blue], alpha) {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
