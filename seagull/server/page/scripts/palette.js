// Colours of scores, the same as in the pictures of the command line (seagull/reports/palette.py).

const ANCHORS = [
  [189, 30, 36],
  [240, 128, 60],
  [250, 222, 120],
  [120, 186, 222],
  [38, 92, 168],
];
const NEUTRAL = [150, 150, 150];
const DARK = [18, 20, 24];
const LIGHT = [250, 250, 250];

// The colour of a score in [0, 1] as [red, green, blue]; grey for none.
export function colour(score) {
  if (score === null || score === undefined) return NEUTRAL;
  const place = Math.min(Math.max(score, 0), 1) * (ANCHORS.length - 1);
  const left = Math.min(Math.floor(place), ANCHORS.length - 2);
  const share = place - left;
  return ANCHORS[left].map((from, i) => Math.round(from + (ANCHORS[left + 1][i] - from) * share));
}

const WORSE = [200, 30, 36];
const SAME = [170, 170, 170];
const BETTER = [30, 92, 190];
// From this change of quality on, the colour is full.
export const FULL_CHANGE = 0.3;

// The colour of a change of quality, as in seagull/comparison/picture.py: red is worse, blue better.
export function changeColour(change) {
  const share = Math.min(Math.abs(change ?? 0) / FULL_CHANGE, 1);
  const end = change < 0 ? WORSE : BETTER;
  return SAME.map((from, i) => Math.round(from + (end[i] - from) * share));
}

// Dark or light, whichever reads better on a colour (WCAG 2 contrast ratio).
export function ink(ground) {
  const on = (other) => {
    const [a, b] = [luminance(ground), luminance(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  return on(LIGHT) > on(DARK) ? LIGHT : DARK;
}

export function css(rgb, alpha = 1) {
  return `rgb(${rgb.join(" ")} / ${alpha})`;
}

function luminance(rgb) {
  const [r, g, b] = rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
