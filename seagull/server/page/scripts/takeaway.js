// Files and programs to take along.

import { $, save } from "./dom.js";
import { csvOf, reportOf, requestOf, stem } from "./exports.js";
import { htmlReport } from "./report.js";
import { IMAGE, curl, python } from "./snippets.js";

const JPEG = 0.88;
const DONE = {
  regions: "the report on these regions",
  chat: "the question in the chat",
  comparison: "the comparison with another version",
};

export class Takeaway {
  #last = "regions";
  #result = null;

  constructor({ project, conversation, comparison, server, notices: { say, fail } }) {
    Object.assign(this, { project, conversation, comparison, server, say, fail });
    for (const button of document.querySelectorAll("[data-file]")) {
      button.addEventListener("click", () => this.#save(button));
    }
    for (const button of document.querySelectorAll("[data-snippet]")) {
      button.addEventListener("click", () => this.#copy(button.dataset.snippet));
    }
    project.addEventListener("regions", () => this.#done("regions"));
    project.addEventListener("photo", () => this.#done("regions"));
    conversation.addEventListener("changed", () => conversation.turns.length && this.#done("chat"));
    comparison.addEventListener("changed", () => this.#compared());
  }

  #compared() {
    const { result } = this.comparison;
    if (result === this.#result) return;
    this.#result = result;
    if (result) this.#done("comparison");
    else if (this.#last === "comparison") this.#done("regions");
  }

  #done(what) {
    this.#last = what;
    $("#snippet").hidden = true;
    $("#snippet-about").textContent = `What was done last: ${DONE[what]}.`;
  }

  async #save(button) {
    button.disabled = true;
    try {
      const { regions, assessed } = this.project;
      if (!regions.some(({ key }) => assessed.has(key))) throw new Error("No region has been assessed yet.");
      await this.#files[button.dataset.file]();
    } catch (error) {
      this.fail(error);
    } finally {
      button.disabled = false;
    }
  }

  get #name() {
    return stem(this.project.photo.name);
  }

  #files = {
    json: () => save(JSON.stringify(this.report, null, 2) + "\n", `${this.#name}.json`, "application/json"),
    csv: () => save(csvOf(this.report), `${this.#name}.csv`, "text/csv"),
    overlay: async () => save(blob((await this.#pictures()).overlay), `${this.#name}-overlay.png`),
    heatmap: async () => save(blob((await this.#pictures()).heatmap), `${this.#name}-heatmap.png`),
    html: async () => {
      const { overlay, heatmap } = await this.#pictures();
      const small = { overlay: await jpeg(overlay), heatmap: await jpeg(heatmap) };
      save(htmlReport(this.report, small), `${this.#name}-report.html`, "text/html");
    },
  };

  get report() {
    return reportOf(this.project);
  }

  // Drawn by the server, as the command line draws them; a region that is the whole photo would
  // cover all others.
  async #pictures() {
    const { photo } = this.project;
    const all = requestOf(this.project);
    const parts = all.filter((region) => !region.whole);
    const regions = parts.length ? parts : all;
    return photo.using(this.server, (id) =>
      this.server.json("v1/assess", { image: id, regions, tasks: ["quality", "distortion"], overlay: true, heatmap: true }),
    );
  }

  get #asked() {
    const { assessed, regions } = this.project;
    if (this.#last === "chat") return { chat: this.conversation.request(IMAGE) };
    if (this.#last === "regions") return { regions: requestOf({ regions, assessed }) };
    const { other, regions: compared } = this.comparison;
    return { after: other.name, regions: requestOf({ regions: compared, assessed }) };
  }

  async #copy(kind) {
    const { name, file } = this.project.photo;
    const parts = { base: this.server.base, locked: this.server.key !== "", file: name, type: file.type, ...this.#asked };
    const text = { curl, python }[kind](parts);
    $("#snippet").textContent = text;
    $("#snippet").hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      this.say("Copied.");
    } catch {
      this.say("The browser does not let this page copy; select the text below instead.");
    }
  }
}

// The content of a data URI; fetch is kept to the server by the page's policy.
function blob(uri) {
  const [head, text] = uri.split(",");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: head.match(/data:([^;]+)/)[1] });
}

async function jpeg(uri) {
  const bitmap = await createImageBitmap(blob(uri));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.toDataURL("image/jpeg", JPEG);
}
