// The label beside the pointer: which region is there, and how good it is.

import { $ } from "./dom.js";
import { badge, figure } from "./scores.js";

const GAP = 14;

export class Hover {
  constructor(project, stage) {
    Object.assign(this, { project, stage, label: $("#hover") });
    this.place = [0, 0];
    stage.frame.addEventListener("pointermove", (event) => {
      const { left, top } = stage.frame.getBoundingClientRect();
      this.place = [event.clientX - left, event.clientY - top];
      this.#put();
    });
    for (const kind of ["hover", "assessed"]) project.addEventListener(kind, () => this.#draw());
  }

  #draw() {
    const region = this.project.hovered;
    this.label.hidden = !region;
    if (!region) return;
    const quality = this.project.assessed.get(region.key)?.quality;
    const name = region.name ? [`${region.name}: `] : [];
    this.label.replaceChildren(...name, ...(quality ? [badge(quality), " ", figure(quality)] : ["not assessed yet"]));
    this.#put();
  }

  #put() {
    if (this.label.hidden) return;
    const { stage, label } = this;
    const [x, y] = stage.crosshair ? stage.view.toFrame(...stage.crosshair) : this.place;
    const { clientWidth: width, clientHeight: height } = stage.frame;
    const left = Math.min(x + GAP, width - label.offsetWidth - 4);
    const top = y + GAP + label.offsetHeight > height ? y - GAP - label.offsetHeight : y + GAP;
    label.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
