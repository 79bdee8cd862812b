// What is known of the selected region, or of two beside each other.

import { $, element, icon } from "./dom.js";
import { colour, css } from "./palette.js";
import { bar, badge, figure } from "./scores.js";
import { TERMS, TYPES, distortionWords, number, percent } from "./terms.js";

export class Card {
  // `actions` has rename, remove, fit and talk, each for keys.
  constructor(project, assessor, actions) {
    Object.assign(this, { project, assessor, actions, place: $("#card") });
    for (const kind of ["photo", "regions", "selection", "assessed"]) {
      project.addEventListener(kind, () => this.#later());
    }
    assessor.addEventListener("working", () => this.#later());
  }

  #later() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.#draw();
    });
  }

  #draw() {
    const { chosen } = this.project;
    const focused = this.place.contains(document.activeElement) && document.activeElement.dataset.focus;
    this.place.replaceChildren(...this.#content(chosen));
    if (focused) $(`[data-focus="${focused}"]`, this.place)?.focus();
  }

  #content(chosen) {
    if (chosen.length === 0) return [element("p", { class: "hint" }, HINT)];
    if (chosen.length === 1) return this.#single(chosen[0]);
    if (chosen.length === 2) return this.#pair(chosen);
    return this.#several(chosen);
  }

  #single(region) {
    const entry = this.project.assessed.get(region.key);
    return [
      this.#heading(region, entry),
      ...(entry ? details(entry, region) : [element("p", { class: "hint" }, this.#waiting(region))]),
      this.#buttons([region]),
    ];
  }

  #heading(region, entry) {
    return element(
      "header",
      {},
      element("h2", {}, region.asked.whole && region.name === "photo" ? "The whole photo" : `Region ${region.name}`),
      entry ? element("span", { class: "share", "data-tip": TERMS.area, tabindex: 0 }, percent(entry.area_fraction)) : null,
    );
  }

  #waiting(region) {
    return this.assessor.waiting.has(region.key) ? "Assessing…" : "Not assessed yet.";
  }

  #pair(pair) {
    const scored = pair.map((region) => ({ region, score: this.project.assessed.get(region.key)?.quality }));
    if (scored.some(({ score }) => !score)) {
      return [element("h2", {}, "Two regions"), element("p", { class: "hint" }, "Assessing…"), this.#buttons(pair)];
    }
    return [
      element("h2", {}, "Two regions"),
      element("dl", { class: "pair" }, ...scored.flatMap(({ region, score }) => [
        element("dt", {}, region.name),
        element("dd", {}, badge(score), explained(score), bar(score)),
      ])),
      element("p", { class: "verdict", id: "verdict", "data-tip": TERMS.difference, tabindex: 0 }, verdict(...scored)),
      this.#buttons(pair),
    ];
  }

  #several(chosen) {
    const scores = chosen.map((region) => this.project.assessed.get(region.key)?.quality?.score);
    const known = scores.filter((score) => score !== undefined);
    const range = known.length ? `Quality from ${number(Math.min(...known))} to ${number(Math.max(...known))}.` : "";
    return [
      element("h2", {}, `${chosen.length} regions`),
      element("p", {}, `${range} Select two to see whether their difference means something.`),
      this.#buttons(chosen),
    ];
  }

  #buttons(regions) {
    const keys = regions.map((region) => region.key);
    const single = regions.length === 1;
    const button = (name, label, act, shown = true) =>
      shown &&
      element("button", { type: "button", "data-focus": name, click: () => act(keys) }, icon(name), label);
    return element(
      "footer",
      {},
      button("chat", "Ask", this.actions.talk),
      button("rename", "Rename", ([key]) => this.actions.rename(key), single),
      button("object", "Find the object in it", ([key]) => this.actions.fit(key), single && "box" in regions[0].asked),
      button("delete", "Delete", this.actions.remove),
    );
  }
}

const HINT = "Select a region in the photo or in the table.";

// Whether two scores differ by more than their spreads together.
//
// Args: first, second: {region: {name}, score: {score, std}}.
export function verdict(first, second) {
  const [better, worse] = first.score.score >= second.score.score ? [first, second] : [second, first];
  const difference = better.score.score - worse.score.score;
  // Of the numbers as they are shown, so that they add up.
  const shown = Number(number(better.score.score)) - Number(number(worse.score.score));
  const spread = Math.hypot(better.score.std, worse.score.std);
  const words = `${better.region.name} is better than ${worse.region.name} by ${number(shown)}.`;
  return difference > spread
    ? `${words} That is more than their spreads together (${number(spread)}).`
    : `${words} That is no more than their spreads together (${number(spread)}): they may be equal.`;
}

function details({ quality, importance, distortions, distortion_probabilities: judged, text }, { asked }) {
  const term = (label, tip) => element("dt", { "data-tip": tip, tabindex: 0 }, label);
  return [
    element(
      "div",
      { class: "headline" },
      badge(quality),
      explained(quality),
      bar(quality),
    ),
    element(
      "dl",
      {},
      term("Quality", TERMS.quality),
      element("dd", {}, levels(quality.probabilities)),
      ...(asked.whole
        ? []
        : [
            term("Importance", TERMS.importance),
            element("dd", { class: "inline" }, importance.level, figure(importance), bar(importance, false)),
          ]),
      term("Distortions", TERMS.distortions),
      element("dd", {}, distortionWords(distortions)),
      term("Each type", TERMS.probability),
      element("dd", {}, judged ? types(judged) : "not asked"),
      ...Object.entries(text ?? {}).flatMap(([task, words]) => [element("dt", {}, task), element("dd", {}, words)]),
    ),
  ];
}

// The number with its spread, and a tooltip that says what these are.
function explained(score) {
  return element("span", { "data-tip": `${TERMS.quality} ${TERMS.spread}`, tabindex: 0 }, figure(score));
}

// The five words, each as wide as it is likely.
function levels(probabilities) {
  const words = Object.entries(probabilities);
  const said = words.map(([word, value]) => `${word} ${percent(value)}`).join(", ");
  return element(
    "span",
    { class: "levels", role: "img", "aria-label": said, "data-tip": `${TERMS.levels} ${said}.`, tabindex: 0 },
    ...words.map(([, value], place) =>
      element("span", { style: { "flex-grow": value, background: css(colour((place + 0.5) / words.length)) } }),
    ),
  );
}

function types(judged) {
  return element(
    "ul",
    { class: "types" },
    ...TYPES.map((type) =>
      element(
        "li",
        {},
        type,
        element("span", { class: "share-bar", "aria-hidden": "true", style: { "--share": `${judged[type] * 100}%` } }),
        element("span", { class: "figure" }, percent(judged[type])),
      ),
    ),
  );
}
