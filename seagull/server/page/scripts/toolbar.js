// The buttons above the photo: tools, undo and redo, zoom, what is shown.

import { $ } from "./dom.js";
import { radios } from "./tabs.js";
import { TERMS } from "./terms.js";

const ZOOM = 1.5;

export class Toolbar {
  constructor({ project, stage, pointer, editor }) {
    Object.assign(this, { project, stage });
    const all = (selector) => [...document.querySelectorAll(selector)];
    radios(all("[data-tool]"), (button) => button.dataset.tool, (tool) => {
      pointer.tool = tool;
      stage.frame.dataset.using = tool;
    });
    this.show = radios(all("[data-layer]"), (button) => button.dataset.layer, (layer) => {
      stage.show({ layer });
      $("#heat-label").hidden = layer !== "heatmap";
    });
    $("#heat").addEventListener("input", (event) => stage.show({ heat: event.target.value / 100 }));
    const act = { "#undo": () => project.undo(), "#redo": () => project.redo(), "#take-all": () => editor.takeAll() };
    Object.assign(act, { "#zoom-in": () => this.zoom(ZOOM), "#zoom-out": () => this.zoom(1 / ZOOM), "#zoom-fit": () => this.fit() });
    for (const [id, click] of Object.entries(act)) $(id).addEventListener("click", click);
    for (const column of ["quality", "importance", "distortions", "area"]) $(`#sort-${column}`).dataset.tip = TERMS[column];
    for (const kind of ["photo", "regions"]) project.addEventListener(kind, () => this.#steps());
    addEventListener("keydown", (event) => this.#key(event));
  }

  zoom(factor) {
    const { crosshair, view } = this.stage;
    const at = crosshair && view ? view.toFrame(...crosshair) : [];
    this.stage.look((one) => one.zoom(factor, ...at));
  }

  fit() {
    this.stage.look((view) => view.fit());
  }

  // Keys of the photo.
  get keys() {
    const turn = (layer) => this.show(this.stage.layer === layer ? "photo" : layer);
    return {
      "+": () => this.zoom(ZOOM), "=": () => this.zoom(ZOOM), "-": () => this.zoom(1 / ZOOM), 0: () => this.fit(),
      h: () => turn("heatmap"), o: () => turn("outlines"),
    };
  }

  #steps() {
    $("#undo").disabled = !this.project.canUndo;
    $("#redo").disabled = !this.project.canRedo;
  }

  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches?.("input[type=text], input.name, input[type=password]")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.project.undo();
    else if ((key === "z" && event.shiftKey) || key === "y") this.project.redo();
    else return;
    event.preventDefault();
  }
}
