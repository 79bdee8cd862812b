// Which region lies under a pixel: one table for all regions, so that hovering costs one read.

import { sampling } from "./mask.js";

export class Lookup {
  // Of regions that overlap, the smallest wins.
  constructor(photo, regions) {
    this.photo = photo;
    this.size = sampling(photo);
    this.regions = [...regions].sort((a, b) => b.mask.area - a.mask.area);
    this.table = new Uint16Array(this.size.width * this.size.height);
    this.regions.forEach((region, place) => this.#paint(region.mask, place + 1));
  }

  // The region at a pixel of the photo, or undefined.
  at(x, y) {
    const column = Math.floor((x / this.photo.width) * this.size.width);
    const row = Math.floor((y / this.photo.height) * this.size.height);
    if (column < 0 || row < 0 || column >= this.size.width || row >= this.size.height) return undefined;
    return this.regions[this.table[row * this.size.width + column] - 1];
  }

  #paint({ bits, box }, value) {
    for (let row = box.top; row < box.bottom; row++) {
      const start = row * this.size.width;
      for (let place = start + box.left; place < start + box.right; place++) {
        if (bits[place]) this.table[place] = value;
      }
    }
  }
}
