// A report as one HTML file that needs nothing else: pictures, table, and what made it.

import { colour, css, ink } from "./palette.js";
import { TERMS, distortionWords, number, percent } from "./terms.js";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p.about { margin: 0 0 1.5rem; opacity: .8; }
.pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
figure { margin: 0; } img { width: 100%; border-radius: 8px; display: block; }
figcaption { font-size: .9rem; opacity: .8; padding-top: .25rem; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid #8886; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.badge { display: inline-block; border-radius: 99px; padding: 0 .6rem; font-weight: 600; font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; font-size: .9rem; }
dt { font-weight: 600; text-transform: capitalize; } dd { margin: 0; }
footer { margin: 2rem 0; font-size: .85rem; opacity: .75; overflow-wrap: anywhere; }`;

// Args: report as exports.js makes it; pictures as data URIs: overlay and, where there is one, heatmap.
export function htmlReport(report, { overlay, heatmap }, time = new Date()) {
  const { image, model } = report;
  const title = `Quality of ${image.path}`;
  const untrained = model.trained ? "" : "<p><strong>Untrained model: the numbers mean nothing yet.</strong></p>";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p class="about">${image.width} × ${image.height} pixels, ${report.regions.length} regions, ${escaped(time.toLocaleString())}</p>
${untrained}<div class="pictures">
${picture(overlay, "Regions in the colour of their quality")}
${heatmap ? picture(heatmap, "Quality as colour over the photo") : ""}
</div>
<div class="scroll"><table>
<thead><tr><th>Region</th><th>Quality</th><th>Importance</th><th>Distortions</th><th>Share</th></tr></thead>
<tbody>
${report.regions.map(row).join("\n")}
</tbody></table></div>
<dl>${["quality", "spread", "importance", "distortions"].map((name) => `<dt>${name}</dt><dd>${escaped(TERMS[name])}</dd>`).join("")}</dl>
<footer>Made with Seagull, model ${escaped(model.name)} ${escaped(model.revision)}${report.segmenter ? `, segmenter ${escaped(report.segmenter)}` : ""}. Digest of the photo's pixels: ${escaped(image.sha256)}</footer>
</body>
</html>
`;
}

function picture(uri, caption) {
  return `<figure><img src="${escaped(uri)}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
}

// A whole photo has no importance within itself.
function row({ id, source, quality, importance, distortions, area_fraction: share }) {
  const ground = colour(quality.score);
  const style = `background: ${css(ground)}; color: ${css(ink(ground))}`;
  const figure = (score) => `${number(score.score)} ± ${number(score.std)}`;
  return `<tr><th scope="row">${escaped(id)}</th>
<td><span class="badge" style="${style}">${escaped(quality.level)}</span> ${figure(quality)}</td>
<td>${source === "whole" ? "–" : `${escaped(importance.level)} ${figure(importance)}`}</td>
<td>${escaped(distortionWords(distortions))}</td><td>${percent(share)}</td></tr>`;
}

function escaped(text) {
  return String(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
