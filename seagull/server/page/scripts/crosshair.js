// The photo by keyboard: a crosshair that the arrow keys move, and keys for what the pointer does.

const STEP = 10;
const LONG_STEP = 60;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Crosshair {
  #corner = null;
  #visit = -1;

  // `commands` are further keys of the photo: name of the key -> function.
  constructor(stage, editor, say, commands) {
    Object.assign(this, { stage, editor, say, commands });
    const { frame, project } = stage;
    frame.addEventListener("keydown", (event) => this.#key(event));
    frame.addEventListener("blur", () => this.#leave());
    frame.addEventListener("pointerdown", () => this.#leave());
    project.addEventListener("photo", () => this.#leave());
    project.addEventListener("found", () => (this.#visit = -1));
  }

  #key(event) {
    if (!this.stage.view || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) this.#move(...ARROWS[event.key], event.shiftKey ? LONG_STEP : STEP);
    else if (event.key === "Enter" || event.key === " ") this.#press(event.shiftKey);
    else if (event.key === "Escape") this.#corner ? this.#dropBox() : this.#leave();
    else if (event.key in this.#keys) this.#keys[event.key]();
    else if (event.key in this.commands) this.commands[event.key]();
    else return;
    event.preventDefault();
  }

  #keys = {
    n: () => this.#next(1),
    p: () => this.#next(-1),
    s: () => this.editor.refine(...this.#place(), 0),
    a: () => this.editor.refine(...this.#place(), 1),
    b: () => this.#box(),
  };

  #place() {
    const { photo } = this.stage.project;
    return this.stage.crosshair ?? [photo.width / 2, photo.height / 2];
  }

  #move(dx, dy, step) {
    const { photo } = this.stage.project;
    const [x, y] = this.#place();
    const length = step / this.stage.view.scale;
    const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
    this.#go(clamp(x + dx * length, photo.width), clamp(y + dy * length, photo.height));
  }

  #go(x, y) {
    this.stage.crosshair = [x, y];
    this.stage.look((view) => view.reveal(x, y));
    if (this.#corner) this.stage.draft = [...this.#corner, x, y];
    else this.stage.project.hover(this.stage.at(x, y));
  }

  // Goes to the next region that was found or taken, and says which it is.
  #next(direction) {
    const { untaken, regions, assessed } = this.stage.project;
    const all = [...untaken, ...regions.filter((region) => !region.asked.whole)];
    if (!all.length) return;
    this.#visit = (this.#visit + direction + all.length) % all.length;
    const region = all[this.#visit];
    this.#go(...inside(region.mask));
    this.stage.project.hover(region);
    const quality = assessed.get(region.key)?.quality;
    const said = quality ? `quality ${quality.level}, ${quality.score.toFixed(2)}` : "not assessed yet";
    const what = region.name ? `Region ${region.name}` : `Found region ${this.#visit + 1} of ${all.length}`;
    this.say(`${what}: ${said}. Enter takes it.`);
  }

  #press(subtract) {
    const place = this.#place();
    if (this.#corner) return this.#finishBox(place);
    if (subtract) return this.editor.refine(...place, 0);
    const { hovered } = this.stage.project;
    if (!hovered?.mask.has(...place)) this.stage.project.hover(this.stage.at(...place));
    return this.editor.take(...place);
  }

  #box() {
    if (this.#corner) return this.#finishBox(this.#place());
    this.#corner = this.#place();
    this.stage.crosshair = this.#corner;
    this.say("A corner of the box is set. Move with the arrow keys; Enter makes the box, Escape does not.");
  }

  #finishBox(place) {
    const corner = this.#corner;
    this.#dropBox();
    this.editor.box(corner, place);
  }

  #dropBox() {
    this.#corner = null;
    this.stage.draft = null;
    this.stage.draw("above");
  }

  #leave() {
    this.stage.crosshair = null;
    this.#dropBox();
  }
}

// A point of the photo inside a mask: in the longest run of the row in its middle.
function inside({ bits, box, size, photo }) {
  const rows = Array.from({ length: box.bottom - box.top }, (_, i) => box.top + i);
  const middle = (box.top + box.bottom) / 2;
  rows.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  let best = { length: 0, x: 0, y: 0 };
  for (const row of rows.slice(0, 9)) {
    let start = -1;
    for (let x = box.left; x <= box.right; x++) {
      const marked = x < box.right && bits[row * size.width + x] === 1;
      if (marked && start < 0) start = x;
      if (!marked && start >= 0) {
        if (x - start > best.length) best = { length: x - start, x: (start + x - 1) / 2, y: row };
        start = -1;
      }
    }
  }
  return [((best.x + 0.5) / size.width) * photo.width, ((best.y + 0.5) / size.height) * photo.height];
}
