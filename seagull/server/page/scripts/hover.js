// The label beside the pointer: which region is there, and how good it is.

import { $ } from "./dom.js";
import { badge, figure } from "./scores.js";

const GAP = 14;

export class Hover {
  constructor(project, stage) {
    Object.assign(this, { project, stage, label: $("#hover") });
    // Where the pointer is on the stage; without it, the label lies on the region.
    this.place = null;
    stage.frame.addEventListener("pointermove", (event) => {
      const { left, top } = stage.frame.getBoundingClientRect();
      this.place = [event.clientX - left, event.clientY - top];
      this.#put();
    });
    stage.frame.addEventListener("pointerleave", () => (this.place = null));
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

  #corner() {
    const { box, size, photo } = this.project.hovered.mask;
    return this.stage.view.toFrame((box.left / size.width) * photo.width, (box.top / size.height) * photo.height);
  }

  #put() {
    if (this.label.hidden) return;
    const { stage, label } = this;
    const [x, y] = stage.crosshair ? stage.view.toFrame(...stage.crosshair) : (this.place ?? this.#corner());
    const { clientWidth: width, clientHeight: height } = stage.frame;
    const left = Math.min(x + GAP, width - label.offsetWidth - 4);
    const top = y + GAP + label.offsetHeight > height ? y - GAP - label.offsetHeight : y + GAP;
    label.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
