// What a person does to regions: take, add, subtract, draw a box, rename, delete.

import { difference, area, union } from "./rle.js";
import { Mask } from "./mask.js";
import { boxRegion, foundRegion, makeRegion } from "./project.js";

const LEAST_BOX = 3;

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
    if (!target) return this.say("Choose a region first: click it, then add to it or subtract from it.");
    return this.#work(async (photo) => {
      const points = [...target.points, [x, y, label]];
      const region = target.points.length
        ? await this.#segment(photo, { points })
        : await this.#combined(photo, target, x, y, label);
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

  // For a region that no points made: its mask with or without what the segmenter finds.
  async #combined(photo, target, x, y, label) {
    const piece = await this.#segment(photo, { points: [[x, y, 1]] });
    const runs = (label ? union : difference)(target.mask.runs, piece.mask.runs);
    if (!area(runs)) throw new Error("Nothing of the region would be left.");
    const rle = { size: [photo.height, photo.width], counts: runs };
    const segmenter = piece.segmenter;
    return makeRegion({ mask: new Mask(rle, photo), asked: { rle }, source: "rle", segmenter });
  }

  async #work(task) {
    const { photo } = this.project;
    if (!photo.id) return this.say("The photo is still being sent.");
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
