// What a person does to regions: take, add, subtract, draw a box, rename, delete.

import { difference, intersection, union } from "./rle.js";
import { BY_TOUCH } from "./hand.js";
import { Mask } from "./mask.js";
import { boxRegion, foundRegion, makeRegion } from "./project.js";

const LEAST_BOX = 3;
// Of a region, what subtracting must leave.
const LEAST_LEFT = 0.1;

// `say(text)` tells the person what was done, `fail(error)` what was not.
export class Editor {
  pending = 0;

  constructor(project, server, { say, fail, busy }) {
    Object.assign(this, { project, server, say, fail, busy });
  }

  // Takes the region under a point, or lets the segmenter find one there.
  async take(x, y) {
    const { hovered, regions } = this.project;
    const under = hovered?.mask.has(x, y) ? hovered : undefined;
    if (under && regions.includes(under)) return this.project.select([under.key]);
    if (under) return this.#taken({ ...under, points: [[x, y, 1]] });
    return this.#work(async (photo) => {
      const region = await this.#segment(photo, { points: [[x, y, 1]] });
      this.#taken(region);
    });
  }

  // Adds what is at a point to the selected region, or takes it away.
  async refine(x, y, label) {
    const target = this.#target(x, y, label);
    if (!target) return this.say(`Choose a region first: ${BY_TOUCH ? "tap" : "click"} it, then add to it or subtract from it.`);
    return this.#work(async (photo) => {
      const region = await (label ? this.#joined(photo, target, x, y) : this.#without(photo, target, x, y));
      if (!this.project.region(target.key)) return;
      this.project.replace(target.key, region);
      this.say(`${label ? "Added to" : "Subtracted from"} region ${target.name}.`);
    });
  }

  box(from, to) {
    const { photo } = this.project;
    const clamp = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
    const xs = [from[0], to[0]].map((x) => clamp(x, photo.width)).sort((a, b) => a - b);
    const ys = [from[1], to[1]].map((y) => clamp(y, photo.height)).sort((a, b) => a - b);
    if (xs[1] - xs[0] < LEAST_BOX || ys[1] - ys[0] < LEAST_BOX) return;
    this.#taken(boxRegion([xs[0], ys[0], xs[1], ys[1]], photo));
  }

  // The object in a box instead of the box.
  fit(key) {
    const target = this.project.region(key);
    return this.#work(async (photo) => {
      const region = await this.#segment(photo, { box: target.box });
      if (!this.project.region(key)) return;
      this.project.replace(key, region);
      this.say(`Region ${target.name} is the object in its box now.`);
    });
  }

  takeAll() {
    const all = this.project.untaken;
    if (!all.length) return this.say("Every region that was found is in the table already.");
    this.project.take(...all);
    return this.say(`${all.length} regions added.`);
  }

  remove(keys) {
    if (!keys.length) return;
    const names = keys.map((key) => this.project.region(key).name).join(", ");
    this.project.remove(keys);
    this.say(`Deleted ${names}. Undo brings it back.`);
  }

  #taken(region) {
    const [taken] = this.project.take(region);
    this.say(`Region ${taken.name} added.`);
  }

  // The selected region; if there is none, the taken one under the point.
  #target(x, y, label) {
    const { chosen, regions } = this.project;
    const parts = (region) => !region.asked.whole;
    const under = regions.filter((region) => parts(region) && region.mask.has(x, y));
    const smallest = under.sort((a, b) => a.mask.area - b.mask.area)[0];
    const selected = chosen.filter(parts).at(-1);
    if (selected && (label || selected.mask.has(x, y))) return selected;
    return smallest ?? selected;
  }

  async #segment(photo, prompt) {
    const plain = await photo.using(this.server, (id) =>
      this.server.json("v1/segment", { image: id, ...prompt }),
    );
    return foundRegion(plain, photo, prompt.points);
  }

  // The region and what the segmenter finds at a point.
  async #joined(photo, target, x, y) {
    const points = target.points.length ? [...target.points, [x, y, 1]] : [];
    const region = await this.#combined(photo, target, [[x, y, 1]], union, points);
    if (region.mask.area > target.mask.area) return region;
    throw new Error(`Region ${target.name} has all that is there. Nothing was changed.`);
  }

  // The region without what is at a point. The segmenter is told of the points that made the region
  // and of this one; where that leaves too little, what it finds at the point alone is cut off.
  async #without(photo, target, x, y) {
    const { area } = target.mask;
    const fits = ({ mask }) => mask.area < area && mask.area >= LEAST_LEFT * area;
    if (target.points.length) {
      const points = [...target.points, [x, y, 0]];
      const region = await this.#combined(photo, target, points, intersection, points);
      if (fits(region) && !region.mask.has(x, y)) return region;
    }
    const region = await this.#combined(photo, target, [[x, y, 1]], difference, target.points);
    if (fits(region)) return region;
    const why = region.mask.area === area ? `There is nothing of region ${target.name}` : `That would take away nearly all of region ${target.name}`;
    throw new Error(`${why}. Nothing was changed; try another place.`);
  }

  // A region's mask and what the segmenter finds by points, combined by a rule of run lengths.
  async #combined(photo, target, asked, rule, points) {
    const { mask, segmenter } = await this.#segment(photo, { points: asked });
    const rle = { size: [photo.height, photo.width], counts: rule(target.mask.runs, mask.runs) };
    return makeRegion({ mask: new Mask(rle, photo), asked: { rle }, source: "rle", segmenter, points });
  }

  async #work(task) {
    const { photo } = this.project;
    this.busy(++this.pending);
    try {
      await task(photo);
    } catch (error) {
      if (photo === this.project.photo) this.fail(error);
    } finally {
      this.busy(--this.pending);
    }
  }
}
