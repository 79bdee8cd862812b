// What the numbers mean, in sentences for tooltips.

export const TERMS = {
  quality:
    "How good the region looks to people, from 0 to 1. Five equal parts have names: bad, poor, fair, good, excellent.",
  spread:
    "The number after ± is the standard deviation of the score: the larger it is, the less sure the model is.",
  importance:
    "How much the region matters to the look of the whole photo, from 0 (unimportant) to 1 (essential). The photo as a whole has none.",
  distortions:
    "What is wrong with the region. A type is named when its probability is one half or more; severity goes from trivial to severe.",
  levels: "How likely each of the five words is.",
  probability: "How likely each type of distortion is in this region, each judged on its own.",
  area: "The region's share of the photo.",
  change:
    "Quality after less quality before, and the standard deviation of such a change. One below the threshold that was measured is called same.",
  changedTypes:
    "Types of distortion that came, went or became more or less severe.",
  difference:
    "The difference of both scores beside the spread of that difference: the root of the sum of both squared spreads.",
};

export const TYPES = ["blur", "colorfulness", "compression", "contrast", "exposure", "noise"];

export function number(value) {
  return value.toFixed(2);
}

export function percent(value) {
  const hundred = value * 100;
  return `${hundred < 10 ? hundred.toFixed(1) : hundred.toFixed(0)} %`;
}

// Distortions in words, such as "blur (serious), noise (minor)".
export function distortionWords(distortions) {
  if (!distortions) return "";
  return distortions.map(({ type, severity }) => `${type} (${severity})`).join(", ") || "none found";
}
