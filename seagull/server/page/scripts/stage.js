// The photo with its regions: one canvas for the photo, one above it for outlines.

import { heatmap, largestFirst } from "./heatmap.js";
import { Lookup } from "./lookup.js";
import { changeColour, colour, css } from "./palette.js";
import { sampling } from "./mask.js";
import { paintSplit } from "./split.js";
import { View } from "./view.js";

const DARK = "rgb(18 20 24 / 0.85)";
const TINT = 0.28;
// Of a slider, in CSS pixels.
const THUMB = 16;
export const LAYERS = ["photo", "outlines", "heatmap"];

export class Stage {
  layer = "photo";
  heat = 1;
  // What is being drawn by hand: a box [x1, y1, x2, y2], and the keyboard's place [x, y].
  draft = null;
  crosshair = null;
  // Beside another version: {other, at (of the line, 0 to 1), change(region), map (colours over the
  // photo in place of the other version, or null)}; null without one.
  versus = null;
  #heatmap = null;
  #dirty = new Set();

  // `frame` is the element that holds both canvases, in order.
  constructor(project, frame) {
    this.project = project;
    this.frame = frame;
    [this.below, this.above] = frame.querySelectorAll("canvas");
    new ResizeObserver(() => this.#resize()).observe(frame);
    project.addEventListener("photo", () => this.#open());
    for (const kind of ["regions", "found"]) project.addEventListener(kind, () => this.#regionsChanged());
    project.addEventListener("assessed", () => this.#scoresChanged());
    for (const kind of ["selection", "hover"]) project.addEventListener(kind, () => this.draw("above"));
  }

  // The region at a point of the photo.
  at(x, y) {
    return this.lookup?.at(x, y);
  }

  // Draws at the next frame: "below" the photo, "above" what lies over it.
  draw(...canvases) {
    if (!this.#dirty.size) requestAnimationFrame(() => this.#paint());
    for (const canvas of canvases) this.#dirty.add(canvas);
  }

  show({ layer = this.layer, heat = this.heat }) {
    Object.assign(this, { layer, heat });
    this.draw("below", "above");
  }

  // Shows the photo beside another version of it, or by itself again.
  split(versus) {
    if (!versus && !this.versus) return;
    this.versus = versus;
    this.draw("below", "above");
  }

  // Changes the view by a function of it.
  look(change) {
    if (!this.view) return;
    change(this.view);
    this.draw("below", "above");
  }

  score(region) {
    const entry = this.project.assessed.get(region.key);
    return entry?.quality?.score ?? null;
  }

  #open() {
    const { photo } = this.project;
    this.view = new View(photo, this.#size());
    this.#regionsChanged();
    this.#resize();
  }

  #regionsChanged() {
    const { photo, regions, untaken } = this.project;
    if (!photo) return;
    const parts = regions.filter((region) => !region.asked.whole);
    this.lookup = new Lookup(photo, [...untaken, ...parts]);
    this.#scoresChanged();
  }

  #scoresChanged() {
    this.#heatmap = null;
    this.draw("below", "above");
  }

  #size() {
    return { width: this.frame.clientWidth, height: this.frame.clientHeight };
  }

  #resize() {
    const { width, height } = this.#size();
    if (!width || !height) return;
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
    }
    this.view?.resize({ width, height });
    this.draw("below", "above");
  }

  #paint() {
    const dirty = new Set(this.#dirty);
    this.#dirty.clear();
    if (!this.view) return;
    if (dirty.has("below")) this.#paintPhoto(this.#context(this.below));
    if (dirty.has("above")) this.#paintRegions(this.#context(this.above));
    this.frame.dataset.hovered = this.project.hovered?.key ?? "";
  }

  // A cleared canvas whose unit is a pixel of the photo.
  #context(canvas) {
    const context = canvas.getContext("2d");
    const { scale, x, y } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ratio = devicePixelRatio;
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    return context;
  }

  #paintPhoto(context) {
    const { photo } = this.project;
    // Pixels stay pixels where one fills several of the screen.
    context.imageSmoothingEnabled = this.view.scale < 4;
    context.imageSmoothingQuality = "high";
    context.drawImage(photo.bitmap, 0, 0, photo.width, photo.height);
    if (this.versus && !this.versus.map) this.#paintOther(context, photo);
    else if (this.versus) this.#lay(context, this.versus.map, 1);
    else if (this.layer === "heatmap") this.#lay(context, this.#heat(), this.heat);
  }

  #paintOther(context, photo) {
    // Where the slider's thumb is.
    const x = THUMB / 2 + this.versus.at * (this.frame.clientWidth - THUMB);
    paintSplit(context, this.view, x, photo, this.versus.other);
  }

  // Lays colours over the photo in grey.
  #lay(context, colours, alpha) {
    const { photo } = this.project;
    context.globalCompositeOperation = "saturation";
    context.fillStyle = "black";
    context.fillRect(0, 0, photo.width, photo.height);
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = alpha;
    context.imageSmoothingEnabled = true;
    context.drawImage(colours, 0, 0, photo.width, photo.height);
    context.globalAlpha = 1;
  }

  #heat() {
    if (this.#heatmap) return this.#heatmap;
    const { photo, regions, untaken } = this.project;
    const [whole, parts] = [true, false].map((wanted) => regions.filter((one) => Boolean(one.asked.whole) === wanted));
    const scored = [...whole, ...largestFirst(untaken), ...largestFirst(parts)]
      .map((region) => ({ mask: region.mask, score: this.score(region) }))
      .filter(({ score }) => score !== null);
    return (this.#heatmap = heatmap(sampling(photo), scored));
  }

  #paintRegions(context) {
    const { regions, untaken, selected, hovered } = this.project;
    context.lineJoin = "round";
    // Over the heat map colours say it; lines only part the regions.
    const thin = this.layer === "heatmap" ? 1.5 : 2.5;
    if (this.layer === "outlines" && !this.versus) for (const region of largestFirst(untaken)) this.#outline(context, region, 1.5);
    for (const region of largestFirst(regions.filter((one) => !one.asked.whole))) {
      const chosen = selected.includes(region.key);
      if (this.layer !== "heatmap" && !this.versus) this.#fill(context, region, chosen ? TINT : TINT / 2);
      this.#outline(context, region, chosen ? 4 : thin);
      if (chosen) this.#dash(context, region);
    }
    if (hovered) {
      this.#fill(context, hovered, TINT);
      this.#outline(context, hovered, 2.5);
    }
    if (this.draft) this.#paintDraft(context);
    if (this.crosshair) this.#paintCrosshair(context);
  }

  #fill(context, region, alpha) {
    context.fillStyle = css(this.#tone(region), alpha);
    context.fill(region.mask.path, "evenodd");
  }

  // In the region's colour on a wider dark line: it shows on light and on dark photos.
  #outline(context, region, width) {
    const { mask } = region;
    const unit = 1 / this.view.scale;
    for (const [extra, style] of [[2.5, DARK], [0, css(this.#tone(region))]]) {
      context.lineWidth = (width + extra) * unit;
      context.strokeStyle = style;
      context.stroke(mask.path);
    }
  }

  #tone(region) {
    return this.versus ? changeColour(this.versus.change(region)) : colour(this.score(region));
  }

  #dash(context, { mask }) {
    const unit = 1 / this.view.scale;
    context.setLineDash([6 * unit, 6 * unit]);
    context.lineWidth = 1.5 * unit;
    context.strokeStyle = "white";
    context.stroke(mask.path);
    context.setLineDash([]);
  }

  #paintDraft(context) {
    const [x1, y1, x2, y2] = this.draft;
    const unit = 1 / this.view.scale;
    for (const [style, dash] of [[DARK, []], ["white", [6 * unit, 5 * unit]]]) {
      context.setLineDash(dash);
      context.lineWidth = 2 * unit;
      context.strokeStyle = style;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    context.setLineDash([]);
  }

  #paintCrosshair(context) {
    const [x, y] = this.crosshair;
    const unit = 1 / this.view.scale;
    for (const [width, style] of [[5, DARK], [2, "white"]]) {
      context.lineWidth = width * unit;
      context.strokeStyle = style;
      context.beginPath();
      context.arc(x, y, 7 * unit, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 4 * dx * unit, y + 4 * dy * unit);
        context.lineTo(x + 16 * dx * unit, y + 16 * dy * unit);
      }
      context.stroke();
    }
  }
}
