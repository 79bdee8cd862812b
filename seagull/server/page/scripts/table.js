// The table of taken regions: sorts by each column, selects, renames.

import { $, element } from "./dom.js";
import { bar, badge, figure } from "./scores.js";
import { distortionWords, percent } from "./terms.js";

const NUMBERS = {
  name: (region) => region.name,
  quality: (_, entry) => entry?.quality?.score,
  importance: (region, entry) => (region.asked.whole ? undefined : entry?.importance?.score),
  distortions: (_, entry) => entry && Math.max(0, ...(entry.distortions ?? []).map((one) => one.probability)),
  area: (region) => region.mask.area,
};

export class Table {
  order = { column: "name", ascending: true };
  renaming = null;

  constructor(project, assessor, editor, fail) {
    Object.assign(this, { project, assessor, editor, fail });
    this.table = $("#regions");
    this.body = $("tbody", this.table);
    for (const button of this.table.querySelectorAll("th button")) {
      button.addEventListener("click", () => this.sort(button.dataset.column));
    }
    for (const kind of ["photo", "regions", "assessed"]) project.addEventListener(kind, () => this.#later());
    project.addEventListener("selection", () => this.#mark());
    assessor.addEventListener("working", () => this.#later());
    this.body.addEventListener("keydown", (event) => this.#key(event));
  }

  // By a column; once more turns the order round.
  sort(column) {
    const first = column === "name" || column === "quality";
    const ascending = this.order.column === column ? !this.order.ascending : first;
    this.order = { column, ascending };
    this.#draw();
  }

  rename(key) {
    this.renaming = key;
    this.#draw();
    $("input.name", this.body)?.select();
  }

  #later() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.#draw();
    });
  }

  #draw() {
    const focused = this.body.contains(document.activeElement) && document.activeElement.dataset.focus;
    if (this.renaming && !this.project.region(this.renaming)) this.renaming = null;
    // What is being typed stays.
    if (this.renaming && document.activeElement?.matches("input.name")) return;
    this.body.replaceChildren(...this.#sorted().map((region) => this.#row(region)));
    for (const header of this.table.querySelectorAll("th[data-column]")) {
      const current = header.dataset.column === this.order.column;
      const direction = this.order.ascending ? "ascending" : "descending";
      if (current) header.setAttribute("aria-sort", direction);
      else header.removeAttribute("aria-sort");
    }
    this.#mark();
    if (focused) $(`[data-focus="${focused}"]`, this.body)?.focus();
  }

  #sorted() {
    const { column, ascending } = this.order;
    const value = (region) => NUMBERS[column](region, this.project.assessed.get(region.key));
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      const order = typeof x === "string" ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
      return ascending ? order : -order;
    };
    return [...this.project.regions].sort(compare);
  }

  #row(region) {
    const entry = this.project.assessed.get(region.key);
    const select = (event) =>
      event.ctrlKey || event.metaKey ? this.project.toggle(region.key) : this.project.select([region.key]);
    const row = element(
      "tr",
      { "data-key": region.key, "data-name": region.name },
      element("td", { class: "choice" }, element("label", {}, this.#checkbox(region))),
      element("th", { scope: "row" }, this.renaming === region.key ? this.#input(region) : this.#name(region, select)),
      ...(entry ? this.#cells(region, entry) : this.#waiting(region)),
    );
    row.addEventListener("click", (event) => {
      if (!event.target.closest("button, input, label")) select(event);
    });
    const hovers = (on) => this.project.hover(on && !region.asked.whole ? region : null);
    row.addEventListener("pointerenter", () => hovers(true));
    row.addEventListener("pointerleave", () => hovers(false));
    return row;
  }

  #cells(region, { quality, importance, distortions, area_fraction: share }) {
    return [
      element("td", { class: "score" }, badge(quality), figure(quality), bar(quality)),
      region.asked.whole
        ? element("td", {}, "–")
        : element("td", { class: "score minor" }, element("span", {}, importance.level), figure(importance)),
      element("td", { class: "words" }, distortionWords(distortions)),
      element("td", { class: "size" }, percent(share)),
    ];
  }

  #waiting(region) {
    const waits = this.assessor.waiting.has(region.key);
    const ask = element("button", { type: "button", click: () => this.assessor.ask([region]) }, "Assess");
    return [element("td", { colspan: 4, class: "waiting" }, waits ? "Assessing…" : ask)];
  }

  #checkbox(region) {
    return element("input", {
      type: "checkbox",
      "aria-label": `Select ${region.name}`,
      "data-focus": `choice-${region.key}`,
      change: () => this.project.toggle(region.key),
    });
  }

  #name(region, select) {
    return element(
      "button",
      { type: "button", class: "name", "data-focus": `name-${region.key}`, click: select, dblclick: () => this.rename(region.key) },
      region.name,
    );
  }

  #input(region) {
    const input = element("input", { class: "name", value: region.name, maxlength: 40, "aria-label": `New name of ${region.name}` });
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      this.renaming = null;
      try {
        if (keep && input.value !== region.name) this.project.rename(region.key, input.value.trim());
      } catch (error) {
        this.fail(error);
      }
      input.blur();
      this.#draw();
      $(`[data-focus="name-${region.key}"]`, this.body)?.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") finish(false);
      event.stopPropagation();
    });
    input.addEventListener("blur", () => finish(true));
    return input;
  }

  #key(event) {
    const key = event.target.closest("tr")?.dataset.key;
    if (event.key === "F2") this.rename(key);
    else if (event.key === "Delete") this.editor.remove([key]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = [...this.body.rows];
      const place = rows.findIndex((row) => row.dataset.key === key);
      const next = rows[place + (event.key === "ArrowDown" ? 1 : -1)];
      $("button.name", next)?.focus();
    } else return;
    event.preventDefault();
  }

  #mark() {
    for (const row of this.body.rows) {
      const chosen = this.project.selected.includes(row.dataset.key);
      row.classList.toggle("chosen", chosen);
      $("input[type=checkbox]", row).checked = chosen;
    }
    const { photo, regions } = this.project;
    $("#no-regions").hidden = regions.length > 0 || !photo;
    $("#table-hint").hidden = regions.length < 2;
  }
}
