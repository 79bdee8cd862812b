// Another version of the photo: sent once, and the same regions compared in both.

import { Photo } from "./photo.js";

// Events: "changed" when it is opened, closed, or has an answer; "fault" with an error as its detail.
export class Comparison extends EventTarget {
  other = null;
  // What the server answered (`seagull.comparison/1`); a region's id there is its key.
  result = null;
  sent = 0;
  #asked = "";
  #abort = new AbortController();

  constructor(project, server) {
    super();
    Object.assign(this, { project, server });
    project.addEventListener("photo", () => this.close());
    project.addEventListener("regions", () => this.#compare());
  }

  // Opens a file as the version after; the photo is the one before.
  async open(file) {
    this.close();
    const { signal } = this.#abort;
    try {
      const other = await Photo.open(file);
      if (signal.aborted) return other.close();
      this.other = other;
      this.#sending(0);
      await other.send(this.server, (share) => this.#sending(share), signal);
      await this.#compare();
    } catch (error) {
      if (signal.aborted) return;
      this.close();
      this.dispatchEvent(new CustomEvent("fault", { detail: error }));
    }
  }

  close() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.other?.close();
    Object.assign(this, { other: null, result: null, sent: 0 });
    this.#asked = "";
    this.#tell();
  }

  // What became of a region; undefined where it was not compared.
  entry({ key }) {
    return this.result?.regions.find(({ id }) => id === key);
  }

  // The regions that are compared: the whole photo would count beside its own parts.
  get regions() {
    const { regions } = this.project;
    const parts = regions.filter((region) => !region.asked.whole);
    return parts.length ? parts : regions;
  }

  async #compare() {
    const { photo } = this.project;
    const { other, regions } = this;
    const keys = regions.map(({ key }) => key).join(" ");
    if (!other?.id || !regions.length || keys === this.#asked) return;
    this.#asked = keys;
    const { signal } = this.#abort;
    const asked = regions.map(({ key, asked }) => ({ id: key, ...asked }));
    const request = (before, after) =>
      this.server.json("v1/compare", { before, after, regions: asked, resize: "after" }, signal);
    try {
      this.#tell();
      const result = await photo.using(this.server, (before) =>
        other.using(this.server, (after) => request(before, after)),
      );
      if (signal.aborted || keys !== this.#asked) return;
      this.result = result;
      this.#tell();
    } catch (error) {
      if (signal.aborted || keys !== this.#asked) return;
      this.close();
      this.dispatchEvent(new CustomEvent("fault", { detail: error }));
    }
  }

  // Whether the answer is about the regions as they are now.
  get waiting() {
    const keys = new Set(this.regions.map(({ key }) => key));
    const known = this.result?.regions ?? [];
    return known.length !== keys.size || known.some(({ id }) => !keys.has(id));
  }

  #sending(share) {
    this.sent = share;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("changed"));
  }
}
