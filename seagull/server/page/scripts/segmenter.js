// Who finds the regions, and how to get somebody better.

import { $, element } from "./dom.js";

const LABELS = { "grabcut+felzenszwalb": "GrabCut and colour merging (no weights)" };
const FAILED = "The server could not fetch it: it may have no way to the internet, or no room on its disk.";
const POLL = 1000;

export class Segmenter {
  // `changed()` is called when the server has another segmenter.
  constructor(server, fail, changed) {
    Object.assign(this, { server, fail, changed, name: null });
    $("#segmenter-button").addEventListener("click", () => this.open());
  }

  async load() {
    const told = await this.server.json("v1/segmenters");
    const before = this.name;
    this.name = told.name;
    $("#segmenter").textContent = LABELS[told.name] ?? told.name;
    $("#segmenter-button").hidden = told.has_weights;
    $("#downloads").replaceChildren(...told.downloads.map((one) => this.#row(one, told.can_download)));
    if (before && before !== told.name) this.changed();
    return told;
  }

  async open() {
    $("#segmenter-dialog").showModal();
    try {
      await this.#watch();
    } catch (error) {
      this.fail(error);
    }
  }

  async #watch() {
    for (;;) {
      const told = await this.load();
      if (!told.downloads.some((one) => one.state === "running")) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  #row(one, allowed) {
    const size = one.bytes < 1e9 ? `${Math.round(one.bytes / 1e6)} MB` : `${(one.bytes / 1e9).toFixed(1)} GB`;
    const command = `seagull download ${one.name}`;
    return element(
      "li",
      {},
      element("strong", {}, one.name),
      element("span", {}, `${one.about}, ${size}`),
      this.#state(one, allowed),
      one.state === "failed" && element("span", { class: "warning" }, FAILED),
      one.state === "failed" && one.message && element("details", { class: "fine" }, element("summary", {}, "What the server noted"), one.message),
      ["absent", "failed"].includes(one.state) &&
        element("span", { class: "fine" }, "or run ", element("code", {}, command), " where the server runs, and start it again"),
    );
  }

  #state(one, allowed) {
    if (one.state === "ready") return element("span", {}, "downloaded");
    if (one.state === "running") {
      return element("progress", { max: one.bytes, value: one.received, "aria-label": `Download of ${one.name}` });
    }
    if (!allowed) return null;
    const label = one.state === "failed" ? "Try again" : "Download";
    return element("button", { type: "button", "aria-label": `${label}: ${one.name}`, click: () => this.#start(one.name) }, label);
  }

  async #start(name) {
    try {
      await this.server.json(`v1/segmenters/${name}`, {});
      await this.#watch();
    } catch (error) {
      this.fail(error);
    }
  }
}
