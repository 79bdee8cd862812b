// What the page knows: the photo, regions found and taken, what is selected, and the way back.

import { boxRuns } from "./rle.js";
import { Mask } from "./mask.js";

const STEPS_AT_MOST = 200;
export const NAME = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]{0,39}$/u;

let made = 0;

// A region: its mask never changes; another mask is another region with another key.
//
// Args: name; mask; asked (how the server is asked for it: whole, box or rle); source, segmenter and
// confidence as in a report; points that it was made from.
export function makeRegion(parts) {
  return { name: "", points: [], segmenter: null, confidence: null, ...parts, key: `r${++made}` };
}

// A region of the server's, found or segmented.
export function foundRegion(plain, photo, points = []) {
  const { mask, source, segmenter, confidence, box } = plain;
  return makeRegion({ mask: new Mask(mask, photo), asked: { rle: mask }, source, segmenter, confidence, points, box });
}

export function boxRegion(box, photo) {
  const rle = { size: [photo.height, photo.width], counts: boxRuns(box, photo.width, photo.height) };
  return makeRegion({ mask: new Mask(rle, photo), asked: { box }, source: "box", box });
}

export function wholeRegion(photo) {
  const rle = { size: [photo.height, photo.width], counts: [0, photo.width * photo.height] };
  return makeRegion({ name: "photo", mask: new Mask(rle, photo), asked: { whole: true }, source: "whole" });
}

// Events: "photo", "regions", "found", "selection", "hover", "assessed".
export class Project extends EventTarget {
  photo = null;
  model = null;
  segmenter = null;
  found = [];
  regions = [];
  selected = [];
  hovered = null;
  assessed = new Map();
  #past = [];
  #future = [];

  open(photo) {
    this.photo?.close();
    Object.assign(this, { photo, found: [], regions: [], selected: [], hovered: null });
    this.assessed = new Map();
    this.#past = [];
    this.#future = [];
    this.#tell("photo");
  }

  // The first regions of a photo; there is no way back behind them.
  begin(regions) {
    this.regions = regions;
    this.selected = regions.map((region) => region.key);
    this.#tell("regions", "selection");
  }

  setFound(found, segmenter) {
    this.found = found;
    this.segmenter = segmenter;
    this.#tell("found");
  }

  // Found regions that were not taken yet.
  get untaken() {
    const taken = new Set(this.regions.map((region) => region.key));
    return this.found.filter((region) => !taken.has(region.key));
  }

  // Makes other regions of these, as one step that can be undone.
  change(regions, select) {
    this.#past.push(this.regions);
    if (this.#past.length > STEPS_AT_MOST) this.#past.shift();
    this.#future = [];
    this.#show(regions, select);
  }

  take(...regions) {
    const names = new Set(this.regions.map((region) => region.name));
    const named = regions.map((region) => {
      let number = 1;
      while (names.has(String(number))) number++;
      const name = region.name || String(number);
      names.add(name);
      return { ...region, name };
    });
    const select = named.length === 1 ? [named[0].key] : this.selected;
    this.change([...this.regions, ...named], select);
    return named;
  }

  replace(key, region) {
    const name = this.region(key).name;
    this.change(this.regions.map((one) => (one.key === key ? { ...region, name } : one)), [region.key]);
  }

  remove(keys) {
    this.change(this.regions.filter((region) => !keys.includes(region.key)), []);
  }

  // Throws an Error that says what is wrong with the name.
  rename(key, name) {
    if (!NAME.test(name)) {
      throw new Error("A name has up to 40 letters, digits, dots, hyphens and underscores, and no spaces.");
    }
    if (this.regions.some((region) => region.name === name && region.key !== key)) {
      throw new Error(`There already is a region ${name}.`);
    }
    this.change(this.regions.map((region) => (region.key === key ? { ...region, name } : region)), this.selected);
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.regions);
    this.#show(this.#past.pop());
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.regions);
    this.#show(this.#future.pop());
  }

  region(key) {
    return this.regions.find((region) => region.key === key);
  }

  get chosen() {
    return this.selected.map((key) => this.region(key));
  }

  select(keys) {
    this.selected = keys.filter((key) => this.region(key));
    this.#tell("selection");
  }

  // Adds to what is selected, or takes from it.
  toggle(key) {
    const rest = this.selected.filter((one) => one !== key);
    this.select(rest.length < this.selected.length ? rest : [...this.selected, key]);
  }

  hover(region) {
    if (region?.key === this.hovered?.key) return;
    this.hovered = region ?? null;
    this.#tell("hover");
  }

  // `entry` is the region in a report.
  assess(key, entry) {
    this.assessed.set(key, entry);
    this.#tell("assessed");
  }

  #show(regions, select) {
    const before = new Set(this.regions.map((region) => region.key));
    this.regions = regions;
    const fresh = regions.filter((region) => !before.has(region.key)).map((region) => region.key);
    const kept = this.selected.filter((key) => this.region(key));
    this.selected = select ?? (fresh.length ? fresh : kept);
    this.hovered = null;
    this.#tell("regions", "selection", "hover");
  }

  #tell(...kinds) {
    for (const kind of kinds) this.dispatchEvent(new Event(kind));
  }
}
