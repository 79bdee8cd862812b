// The tab that compares the photo with another version of it, and the slider over the photo.

import { changeRows } from "./changes.js";
import { $ } from "./dom.js";
import { changeMap } from "./split.js";
import { TERMS, number } from "./terms.js";

export class Versus {
  // `notices` has say and fail.
  constructor(project, comparison, stage, { say, fail }) {
    Object.assign(this, { project, comparison, stage, say });
    this.shown = false;
    this.map = false;
    this.slider = $("#split");
    this.slider.addEventListener("input", () => this.#stage());
    $("#versus-close").addEventListener("click", () => {
      comparison.close();
      $("#versus-file").focus();
    });
    for (const head of document.querySelectorAll("#changes th[data-term]")) head.dataset.tip = TERMS[head.dataset.term];
    $("#versus-map").addEventListener("click", () => {
      this.map = !this.map;
      this.#stage();
    });
    comparison.addEventListener("changed", () => this.#draw());
    comparison.addEventListener("fault", (event) => fail(event.detail));
    for (const kind of ["regions", "selection"]) project.addEventListener(kind, () => this.#draw());
  }

  // Whether the tab is the one that is shown.
  show(shown) {
    this.shown = shown;
    document.body.classList.toggle("comparing", shown);
    this.#stage();
  }

  #change(region) {
    return this.comparison.entry(region)?.change.quality ?? null;
  }

  #colours() {
    const changed = this.project.regions.map((region) => ({ mask: region.mask, change: this.#change(region) }));
    return changeMap(this.project.photo, changed.filter(({ change }) => change !== null));
  }

  #draw() {
    this.colours = null;
    const { other, result } = this.comparison;
    const focused = $("#changes").contains(document.activeElement) && document.activeElement.textContent;
    $("#versus-drop").classList.toggle("small", Boolean(other));
    $("#versus-result").hidden = !result;
    $("#versus-close").hidden = !other;
    $("#versus-state").textContent = this.#state();
    $("#versus-names").textContent = other ? `Before: ${this.project.photo.name}. After: ${other.name}.` : "";
    if (result) this.#result(result);
    if (focused) [...$("#changes").querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
    this.#stage();
  }

  #result(result) {
    if (result !== this.told) this.say(result.headline);
    this.told = result;
    $("#versus-headline").textContent = result.headline;
    $("#versus-guess").hidden = result.measured.applies;
    const entries = this.project.regions.flatMap((region) => {
      const entry = this.comparison.entry(region);
      return entry ? [{ ...entry, name: region.name }] : [];
    });
    $("#changes tbody").replaceChildren(...changeRows(entries, (key) => this.project.select([key])));
    const same = result.measured.same.map(([score, change]) => `${number(change)} at a quality of ${number(score)}`);
    $("#versus-same").textContent = `Same: a smaller change than ${same.join(", ")}. Red is worse, blue is better.`;
  }

  #state() {
    const { other, sent, waiting } = this.comparison;
    if (!other) return "";
    if (!other.id) return sent < 1 ? `Sending: ${Math.round(sent * 100)} %` : "The model looks at it…";
    if (!this.comparison.regions.length) return "There is no region to compare.";
    return waiting ? "Comparing…" : "";
  }

  #stage() {
    const { other, result } = this.comparison;
    const on = this.shown && other !== null;
    const wanted = on && this.map && result !== null;
    const map = wanted ? (this.colours ??= this.#colours()) : null;
    document.body.classList.toggle("splitting", on);
    $("#split-label").hidden = !on || wanted;
    $("#versus-map").setAttribute("aria-pressed", String(this.map));
    const change = (region) => this.#change(region);
    const at = this.slider.value / 100;
    this.slider.setAttribute("aria-valuetext", `${this.slider.value} % before`);
    this.stage.split(on ? { other, at, map, change } : null);
  }
}
