// Two versions of a photo in one frame: the one before left of a line, the one after right of it.

import { heatmap, largestFirst, rampOf } from "./heatmap.js";
import { sampling } from "./mask.js";
import { FULL_CHANGE, changeColour } from "./palette.js";

const LINE = "rgb(255 255 255)";
const EDGE = "rgb(18 20 24 / 0.85)";
const COVER = 0.75;
const CHANGES = rampOf((score) => changeColour((2 * score - 1) * FULL_CHANGE), () => COVER);

// Paints the version after over the photo, right of a line.
//
// Args: context, whose unit is a pixel of the photo; view; x of the line in the frame; photo; other.
export function paintSplit(context, view, x, photo, other) {
  const left = (x - view.x) / view.scale;
  context.save();
  context.beginPath();
  context.rect(left, 0, photo.width - left, photo.height);
  if (left < photo.width) {
    context.clip();
    context.drawImage(other.bitmap, 0, 0, photo.width, photo.height);
  }
  context.restore();
  for (const [width, style] of [[4, EDGE], [2, LINE]]) {
    context.fillStyle = style;
    context.fillRect(left - width / 2 / view.scale, 0, width / view.scale, photo.height);
  }
}

// A canvas with each region in the colour of its change: red is worse, blue is better.
//
// Args: photo; regions with a mask and a change of quality.
export function changeMap(photo, regions) {
  const score = (change) => Math.min(Math.max(change / FULL_CHANGE, -1), 1) / 2 + 0.5;
  return heatmap(sampling(photo), largestFirst(regions).map(({ mask, change }) => ({ mask, score: score(change) })), CHANGES);
}
