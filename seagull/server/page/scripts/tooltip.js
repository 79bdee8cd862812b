// One tooltip for everything that has a `data-tip`: shown on hover, focus and touch.

import { $ } from "./dom.js";

const GAP = 8;

export class Tooltip {
  constructor(tip = $("#tip")) {
    this.tip = tip;
    this.owner = null;
    const over = (event) => this.#show(event.target.closest?.("[data-tip]"));
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", over);
    document.addEventListener("pointerdown", over);
    document.addEventListener("focusout", () => this.#hide());
    document.addEventListener("scroll", () => this.#hide(), true);
    document.addEventListener("click", () => this.#clicked());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#hide());
  }

  #show(owner) {
    if (owner === this.owner) return;
    if (this.tip.contains(owner)) return;
    this.#hide();
    if (!owner) return;
    this.owner = owner;
    this.tip.textContent = owner.dataset.tip;
    this.tip.hidden = false;
    owner.setAttribute("aria-describedby", this.tip.id);
    const around = owner.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = Math.min(Math.max(around.left, GAP), innerWidth - width - GAP);
    const below = around.bottom + GAP;
    const top = below + height > innerHeight ? around.top - height - GAP : below;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${Math.max(GAP, top)}px`;
  }

  // A button that says something else now shows it; one that was used needs no explanation.
  #clicked() {
    if (!this.owner?.matches("button")) return;
    if (this.owner.dataset.tip === this.tip.textContent) this.#hide();
    else this.tip.textContent = this.owner.dataset.tip;
  }

  #hide() {
    this.owner?.removeAttribute("aria-describedby");
    this.owner = null;
    this.tip.hidden = true;
  }
}
