// COCO run lengths: runs of 0 and 1 by turns, column by column, beginning with 0.

// The run lengths of a mask as JSON has them: a compressed text, or a list of numbers.
export function runsOf(counts) {
  return typeof counts === "string" ? decompressed(counts) : Array.from(counts);
}

// LEB128-like: five bits a character; from the fourth run on, the difference to the last but one.
function decompressed(text) {
  const runs = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let bits = 0;
    let more = true;
    while (more) {
      if (at >= text.length) throw new Error("the run lengths break off");
      const character = text.charCodeAt(at++) - 48;
      value |= (character & 31) << bits;
      bits += 5;
      more = (character & 32) !== 0;
      if (!more && character & 16) value |= -1 << bits;
    }
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
  }
  return runs;
}

// The pixels of either mask, those of both, or those of the first that are not in the second.
export function union(first, second) {
  return combined(first, second, (a, b) => a || b);
}

export function intersection(first, second) {
  return combined(first, second, (a, b) => a && b);
}

export function difference(first, second) {
  return combined(first, second, (a, b) => a && !b);
}

// How many pixels are marked.
export function area(runs) {
  return runs.reduce((sum, run, place) => sum + (place % 2 ? run : 0), 0);
}

// The run lengths of a box [x1, y1, x2, y2], end exclusive.
export function boxRuns([x1, y1, x2, y2], width, height) {
  const runs = [x1 * height + y1];
  for (let x = x1; x < x2; x++) runs.push(y2 - y1, height - (y2 - y1));
  runs[runs.length - 1] = width * height - (x2 - 1) * height - y2;
  return y1 === 0 && y2 === height ? [x1 * height, (x2 - x1) * height, (width - x2) * height] : runs;
}

function combined(first, second, rule) {
  const runs = [];
  let value = false;
  let length = 0;
  const places = [0, 0];
  const lefts = [first[0] ?? 0, second[0] ?? 0];
  const lists = [first, second];
  const skip = (which) => {
    while (lefts[which] === 0 && places[which] < lists[which].length - 1) {
      lefts[which] = lists[which][++places[which]];
    }
  };
  for (;;) {
    skip(0);
    skip(1);
    const step = Math.min(lefts[0], lefts[1]);
    if (step === 0) break;
    const next = rule(places[0] % 2 === 1, places[1] % 2 === 1);
    if (next !== value) {
      runs.push(length);
      length = 0;
      value = next;
    }
    length += step;
    lefts[0] -= step;
    lefts[1] -= step;
  }
  runs.push(length);
  return runs;
}
