// What became of each region, as rows of a table, worst first.

import { element } from "./dom.js";
import { changeColour, css, ink } from "./palette.js";
import { number } from "./terms.js";

// Args: entries of a comparison, each with the name of its region; select gets an entry's id.
export function changeRows(entries, select) {
  const sorted = [...entries].sort((a, b) => a.change.quality - b.change.quality);
  return sorted.map(({ id, name, identical, change, distortions }) =>
    element(
      "tr",
      { "data-change": name },
      element("th", { scope: "row" }, element("button", { type: "button", class: "name", click: () => select(id) }, name)),
      element("td", { class: "score" }, verdict(change), element("span", { class: "figure" }, identical ? "no pixel differs" : changeText(change))),
      element("td", { class: "figure" }, `${number(change.before)} → ${number(change.after)}`),
      element("td", { class: "words" }, distortions.map(distortionText).join(", ") || "–"),
    ),
  );
}

function verdict({ quality, verdict: word }) {
  const ground = changeColour(word === "same" ? 0 : quality);
  return element("span", { class: "badge", style: { background: css(ground), color: css(ink(ground)) } }, word);
}

// "−0.12 ± 0.04".
function changeText({ quality, std }) {
  const sign = { 1: "+", "-1": "−", 0: "" }[Math.sign(Number(quality.toFixed(2)))];
  return `${sign}${number(Math.abs(quality))} ± ${number(std)}`;
}

// "noise gone", "now minor blur", "blur serious, was minor".
function distortionText({ type, before, after }) {
  if (after === null) return `${type} gone`;
  return before === null ? `now ${after} ${type}` : `${type} ${after}, was ${before}`;
}
