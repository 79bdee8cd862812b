// Mouse, pen and fingers on the photo: click, drag, wheel, pinch.

const CLICK_AT_MOST = 5;
const HOLD = 500;

export class Pointer {
  tool = "take";
  #down = new Map();
  #gesture = null;

  constructor(stage, editor) {
    this.stage = stage;
    this.editor = editor;
    const { frame } = stage;
    frame.addEventListener("pointermove", (event) => this.#move(event));
    frame.addEventListener("pointerdown", (event) => this.#press(event));
    frame.addEventListener("pointerup", (event) => this.#release(event));
    frame.addEventListener("pointercancel", (event) => this.#cancel(event));
    frame.addEventListener("pointerleave", () => stage.project.hover(null));
    frame.addEventListener("contextmenu", (event) => event.preventDefault());
    frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #place(event) {
    const { left, top } = this.stage.frame.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #photoPlace(event) {
    return this.stage.view.toPhoto(...this.#place(event));
  }

  #press(event) {
    if (!this.stage.view) return;
    this.#down.set(event.pointerId, this.#place(event));
    this.stage.frame.setPointerCapture(event.pointerId);
    if (this.#down.size === 2) this.#gesture = { kind: "pinch" };
    if (this.#down.size > 1) return this.#clearDraft();
    const kind = this.#kind(event);
    this.#gesture = { kind, from: this.#place(event), start: this.#photoPlace(event), moved: false, time: event.timeStamp };
  }

  // What a drag does: fingers move the photo, unless a box is to be drawn.
  #kind(event) {
    if (event.button === 1 || this.tool === "pan") return "pan";
    if (this.tool === "box") return "box";
    return event.pointerType === "touch" ? "pan" : "box";
  }

  #move(event) {
    if (!this.stage.view) return;
    if (!this.#down.has(event.pointerId)) return this.#hover(event);
    const before = this.#down.get(event.pointerId);
    const now = this.#place(event);
    if (this.#gesture?.kind === "pinch") return this.#pinch(event.pointerId, now);
    this.#down.set(event.pointerId, now);
    const gesture = this.#gesture;
    if (!gesture) return;
    gesture.moved ||= Math.hypot(now[0] - gesture.from[0], now[1] - gesture.from[1]) > CLICK_AT_MOST;
    if (!gesture.moved) return;
    if (gesture.kind === "pan") this.stage.look((view) => view.pan(now[0] - before[0], now[1] - before[1]));
    else this.#draw([...gesture.start, ...this.#photoPlace(event)]);
  }

  #hover(event) {
    if (event.pointerType === "touch") return;
    this.stage.project.hover(this.tool === "pan" ? null : this.stage.at(...this.#photoPlace(event)));
  }

  #pinch(id, now) {
    const other = [...this.#down].find(([one]) => one !== id)?.[1];
    if (!other) return;
    const before = this.#down.get(id);
    const length = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
    const middle = (a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
    this.#down.set(id, now);
    const [from, to] = [middle(before), middle(now)];
    this.stage.look((view) => {
      view.pan(to[0] - from[0], to[1] - from[1]);
      view.zoom(length(now) / Math.max(1, length(before)), ...to);
    });
  }

  #release(event) {
    this.#down.delete(event.pointerId);
    const gesture = this.#gesture;
    if (!this.#down.size) this.#gesture = null;
    if (!gesture || gesture.kind === "pinch" || this.#down.size) return;
    const place = this.#photoPlace(event);
    this.#clearDraft();
    if (!gesture.moved) this.#click(event, place, event.timeStamp - gesture.time);
    else if (gesture.kind === "box") this.editor.box(gesture.start, place);
  }

  #cancel(event) {
    this.#down.delete(event.pointerId);
    this.#gesture = null;
    this.#clearDraft();
  }

  #click(event, [x, y], held) {
    const { photo } = this.stage.project;
    if (event.button === 1 || this.tool === "pan") return;
    if (x < 0 || y < 0 || x >= photo.width || y >= photo.height) return this.stage.project.select([]);
    const long = event.pointerType === "touch" && held > HOLD;
    if (this.tool === "subtract" || event.shiftKey || event.button === 2 || long) this.editor.refine(x, y, 0);
    else if (this.tool === "add" || event.altKey) this.editor.refine(x, y, 1);
    else if (event.ctrlKey || event.metaKey) this.#toggle(x, y);
    else this.#take(x, y);
  }

  #take(x, y) {
    this.stage.project.hover(this.stage.at(x, y));
    this.editor.take(x, y);
  }

  #toggle(x, y) {
    const { project } = this.stage;
    const region = this.stage.at(x, y);
    if (region && project.region(region.key)) project.toggle(region.key);
  }

  #wheel(event) {
    if (!this.stage.view) return;
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015) * (event.ctrlKey ? 5 : 1));
    this.stage.look((view) => view.zoom(factor, ...this.#place(event)));
  }

  #draw(box) {
    this.stage.draft = box;
    this.stage.project.hover(null);
    this.stage.draw("above");
  }

  #clearDraft() {
    this.stage.draft = null;
    this.stage.draw("above");
  }
}
