// Asks the server for the assessments of regions, many in one request, each shown when it comes.

import { jsonLines } from "./streams.js";

const TOGETHER_AT_MOST = 64;
// Pixels of all masks of a request: a server has a limit, which a large photo's would pass.
const PIXELS_AT_MOST = 1e9;

// Events: "working" when it begins or ends to wait for answers, "fault" with an error as its detail.
export class Assessor extends EventTarget {
  waiting = new Set();
  #queue = [];
  #abort = new AbortController();

  constructor(project, server) {
    super();
    this.project = project;
    this.server = server;
    project.addEventListener("photo", () => this.#forget());
  }

  // Asks about those that are not assessed yet and not asked about.
  ask(regions) {
    const fresh = regions.filter(({ key }) => !this.project.assessed.has(key) && !this.waiting.has(key));
    if (!fresh.length) return;
    for (const region of fresh) this.waiting.add(region.key);
    if (!this.#queue.length) queueMicrotask(() => this.#flush());
    this.#queue.push(...fresh);
    this.dispatchEvent(new Event("working"));
  }

  // What is asked about another photo is not waited for.
  #forget() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#queue = [];
    this.waiting.clear();
  }

  #flush() {
    const asked = this.#queue.splice(0);
    if (!asked.length) return;
    const { width, height } = this.project.photo;
    const many = Math.max(1, Math.min(TOGETHER_AT_MOST, Math.floor(PIXELS_AT_MOST / (width * height))));
    for (let at = 0; at < asked.length; at += many) this.#stream(asked.slice(at, at + many));
  }

  async #stream(regions) {
    const { photo } = this.project;
    const { signal } = this.#abort;
    try {
      await this.#assess(photo, regions, signal);
    } catch (error) {
      if (photo === this.project.photo) this.dispatchEvent(new CustomEvent("fault", { detail: error }));
    } finally {
      for (const { key } of regions) this.waiting.delete(key);
      this.dispatchEvent(new Event("working"));
    }
  }

  // A stream that breaks off is asked for once more, from where it broke off.
  async #assess(photo, regions, signal, again = true) {
    const left = new Set(regions);
    let whole = false;
    try {
      const response = await photo.using(this.server, (id) =>
        this.server.answer("v1/assess", request(id, regions), signal),
      );
      for await (const line of jsonLines(response)) {
        if (photo !== this.project.photo) return;
        if (line.type === "report") this.project.model = line.report.model;
        if (line.type === "region") this.#take(line.region, left);
        if (line.type === "error") throw new Error(line.error.message);
        whole ||= line.type === "done";
      }
      if (!whole) throw new TypeError("the answer broke off");
    } catch (error) {
      // Browsers say TypeError where a connection ends early.
      if (!(error instanceof TypeError) || !again) throw error;
      if (left.size) await this.#assess(photo, [...left], signal, false);
    }
  }

  #take(entry, left) {
    for (const region of left) {
      if (region.key !== entry.id) continue;
      left.delete(region);
      this.waiting.delete(region.key);
      this.project.assess(region.key, entry);
    }
  }
}

function request(image, regions) {
  return { image, regions: regions.map(({ key, asked }) => ({ id: key, ...asked })), stream: true };
}
