// A region's mask as the page draws it: sampled to at most 1024 pixels a side, with its outline.

import { area, runsOf } from "./rle.js";

const LONGEST = 1024;

// The size at which masks of a photo are sampled, and samples for each pixel of the photo.
export function sampling({ width, height }) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

export class Mask {
  // `rle` is COCO's {size: [height, width], counts}.
  constructor(rle, photo) {
    this.runs = runsOf(rle.counts);
    this.photo = photo;
    this.area = area(this.runs);
    this.size = sampling(photo);
    this.bits = sampled(this.runs, photo, this.size);
    this.box = bounds(this.bits, this.size);
  }

  // Whether a pixel of the photo is in the region.
  has(x, y) {
    const { width, height } = this.size;
    const column = Math.floor((x / this.photo.width) * width);
    const row = Math.floor((y / this.photo.height) * height);
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    return this.bits[row * width + column] === 1;
  }

  // The outline as a Path2D in the photo's pixels; made when it is first needed.
  get path() {
    this.outline ??= outlined(this.bits, this.size, this.box, {
      x: this.photo.width / this.size.width,
      y: this.photo.height / this.size.height,
    });
    return this.outline;
  }
}

// Nearest samples, row by row; the runs are walked once, column by column.
function sampled(runs, photo, size) {
  const bits = new Uint8Array(size.width * size.height);
  let run = 0;
  let end = runs[0] ?? 0;
  for (let column = 0; column < size.width; column++) {
    const x = Math.floor(((column + 0.5) * photo.width) / size.width);
    for (let row = 0; row < size.height; row++) {
      const place = x * photo.height + Math.floor(((row + 0.5) * photo.height) / size.height);
      while (place >= end && run < runs.length - 1) end += runs[++run];
      bits[row * size.width + column] = place < end ? run % 2 : 0;
    }
  }
  return bits;
}

function bounds(bits, { width, height }) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let row = 0; row < height; row++) {
    const first = bits.indexOf(1, row * width);
    if (first < 0) break;
    if (first >= (row + 1) * width) continue;
    const last = bits.lastIndexOf(1, (row + 1) * width - 1);
    box.left = Math.min(box.left, first - row * width);
    box.right = Math.max(box.right, last - row * width + 1);
    box.top = Math.min(box.top, row);
    box.bottom = row + 1;
  }
  return box;
}

// Lines through the middles of the pixels' edges that part inside from outside: stairs become slopes.
function outlined(bits, { width, height }, box, scale) {
  const path = new Path2D();
  const edges = boundary(bits, width, height, box);
  const stride = width + 1;
  const point = (corner) => [corner % stride, Math.floor(corner / stride)];
  while (edges.size) {
    const [start] = edges.keys();
    const middles = [];
    let corner = start;
    do {
      const ends = edges.get(corner);
      const next = ends.pop();
      if (!ends.length) edges.delete(corner);
      const [x1, y1] = point(corner);
      const [x2, y2] = point(next);
      middles.push([((x1 + x2) / 2) * scale.x, ((y1 + y2) / 2) * scale.y]);
      corner = next;
    } while (corner !== start);
    trace(path, middles);
  }
  return path;
}

// Directed edges by the corner where they begin; the inside is to their right.
function boundary(bits, width, height, { left, top, right, bottom }) {
  const edges = new Map();
  const stride = width + 1;
  const inside = (x, y) =>
    x >= 0 && y >= 0 && x < width && y < height && bits[y * width + x] === 1;
  const add = (from, to) => {
    const ends = edges.get(from);
    if (ends) ends.push(to);
    else edges.set(from, [to]);
  };
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (bits[y * width + x] !== 1) continue;
      const corner = y * stride + x;
      if (!inside(x, y - 1)) add(corner, corner + 1);
      if (!inside(x + 1, y)) add(corner + 1, corner + 1 + stride);
      if (!inside(x, y + 1)) add(corner + 1 + stride, corner + stride);
      if (!inside(x - 1, y)) add(corner + stride, corner);
    }
  }
  return edges;
}

function trace(path, points) {
  const count = points.length;
  for (let i = 0; i < count; i++) {
    const [before, here, after] = [points[(i + count - 1) % count], points[i], points[(i + 1) % count]];
    const straight =
      Math.abs((here[0] - before[0]) * (after[1] - here[1]) - (here[1] - before[1]) * (after[0] - here[0])) < 1e-9;
    if (i === 0) path.moveTo(...here);
    else if (!straight) path.lineTo(...here);
  }
  path.closePath();
}
