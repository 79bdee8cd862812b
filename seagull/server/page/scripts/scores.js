// Scores as people see them: a coloured word, the number with its spread, a bar.

import { colour, css, ink } from "./palette.js";
import { element } from "./dom.js";
import { number } from "./terms.js";

// The level in the colour of its score.
export function badge(score) {
  const ground = colour(score.score);
  return element(
    "span",
    { class: "badge", style: { background: css(ground), color: css(ink(ground)) } },
    score.level,
  );
}

// "0.71 ± 0.09".
export function figure(score) {
  return element(
    "span",
    { class: "figure" },
    number(score.score),
    element("span", { class: "spread" }, ` ± ${number(score.std)}`),
  );
}

// The score on the scale from 0 to 1, with a band as wide as its spread.
export function bar({ score, std }, coloured = true) {
  const clamp = (value) => `${100 * Math.min(Math.max(value, 0), 1)}%`;
  return element("span", {
    class: "bar",
    "aria-hidden": "true",
    style: {
      "--at": clamp(score),
      "--from": clamp(score - std),
      "--to": clamp(1 - score - std),
      "--tone": coloured ? css(colour(score)) : "var(--muted)",
    },
  });
}
