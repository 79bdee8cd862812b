// Names of regions offered while a question is typed: after an @, as a list under the field.

import { element } from "./dom.js";

export class Mentions {
  #active = 0;

  // `input` is a combobox, `list` its listbox; `names()` gives the names.
  constructor(input, list, names) {
    Object.assign(this, { input, list, names });
    input.addEventListener("input", () => this.#offer());
    input.addEventListener("blur", () => this.#close());
    input.addEventListener("keydown", (event) => this.#key(event));
  }

  get open() {
    return !this.list.hidden;
  }

  // The @ and what was typed of a name, just before the place of typing.
  #typed() {
    return this.input.value.slice(0, this.input.selectionStart).match(/(?:^|\s)@([\p{L}\p{N}._-]*)$/u);
  }

  #offer() {
    const typed = this.#typed();
    const begins = (name) => name.toLowerCase().startsWith(typed[1].toLowerCase());
    const names = typed ? this.names().filter(begins).slice(0, 8) : [];
    if (!names.length) return this.#close();
    const option = (name, place) =>
      element(
        "li",
        {
          role: "option",
          id: `mention-${place}`,
          "data-name": name,
          pointerdown: (event) => (event.preventDefault(), this.#choose(name)),
        },
        `@${name}`,
      );
    this.list.replaceChildren(...names.map(option));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#mark(0);
  }

  #mark(place) {
    const options = [...this.list.children];
    this.#active = (place + options.length) % options.length;
    options.forEach((one, i) => one.setAttribute("aria-selected", String(i === this.#active)));
    this.input.setAttribute("aria-activedescendant", options[this.#active].id);
  }

  #key(event) {
    if (!this.open) return;
    if (event.key === "ArrowDown") this.#mark(this.#active + 1);
    else if (event.key === "ArrowUp") this.#mark(this.#active - 1);
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.list.children[this.#active].dataset.name);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #choose(name) {
    const { selectionStart: end, value } = this.input;
    const start = end - this.#typed()[1].length;
    this.input.setRangeText(`${name} `, start, end, "end");
    if (value[end] === " ") this.input.setRangeText("", this.input.selectionStart, this.input.selectionStart + 1);
    this.#close();
  }

  #close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
