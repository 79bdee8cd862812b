// From a file to a photo with regions: read, sent, encoded, searched, assessed.

import { $ } from "./dom.js";
import { Photo } from "./photo.js";
import { foundRegion, wholeRegion } from "./project.js";

const FOUND_AT_MOST = 32;
const FOUND = "regions found. Move over the photo to see them, click to take one.";
const NONE_FOUND = "No regions were found. Click where one is, or draw a box.";

export class Session {
  #abort = new AbortController();
  #editing = 0;
  #finding = false;

  constructor(parts) {
    Object.assign(this, parts);
    this.assessor.addEventListener("working", () => this.#state());
    for (const kind of ["photo", "regions", "found"]) {
      this.project.addEventListener(kind, () => this.#ask());
    }
    this.project.addEventListener("assessed", () => {
      $("#untrained").hidden = this.project.model?.trained !== false;
    });
  }

  // Opens a photo in place of the one before; only the last one that was asked for goes on.
  async open(file) {
    this.#abort.abort();
    const abort = (this.#abort = new AbortController());
    try {
      const photo = await Photo.open(file);
      if (abort.signal.aborted) return;
      this.#show(photo);
      await photo.send(this.server, (share) => this.#sending(share), abort.signal);
      $("#progress").hidden = true;
      this.stage.look((view) => view.fit());
      this.project.begin([wholeRegion(photo)]);
      await this.find(abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      $("#progress").hidden = true;
      this.notices.fail(error);
    }
  }

  // Lets the server find the regions of the photo.
  async find(signal = this.#abort.signal) {
    const { photo } = this.project;
    if (!photo?.id) return;
    this.#finding = true;
    this.#state();
    try {
      await this.segmenter.load();
      const list = await photo.using(this.server, (id) =>
        this.server.json(`v1/images/${id}/regions?max_regions=${FOUND_AT_MOST}`, undefined, signal),
      );
      if (photo !== this.project.photo) return;
      this.project.setFound(list.regions.map((plain) => foundRegion(plain, photo)), list.segmenter);
      this.notices.say(list.regions.length ? `${list.regions.length} ${FOUND}` : NONE_FOUND);
    } finally {
      this.#finding = false;
      this.#state();
    }
  }

  // Says how many requests of the editor wait.
  work(count) {
    this.#editing = count;
    this.#state();
  }

  #ask() {
    const { photo, regions, untaken } = this.project;
    const all = $("#take-all");
    all.hidden = !untaken.length;
    all.textContent = `Take all ${untaken.length} that were found`;
    if (photo?.id) this.assessor.ask([...regions, ...untaken]);
  }

  #show(photo) {
    document.body.classList.remove("empty");
    $("#start").hidden = true;
    for (const id of ["#work", "#panel", "#another"]) $(id).hidden = false;
    $("#file-name").textContent = photo.name;
    document.title = `${photo.name}: Seagull`;
    this.project.open(photo);
    this.#sending(0);
  }

  #sending(share) {
    $("#progress").hidden = false;
    const bar = $("#progress-bar");
    const sent = share >= 1;
    $("#progress-text").textContent = sent ? "The model looks at the photo…" : `Sending the photo: ${Math.round(share * 100)} %`;
    if (sent) bar.removeAttribute("value");
    else bar.value = share;
  }

  #state() {
    const waiting = this.assessor.waiting.size;
    const text = this.#editing
      ? "Finding the region…"
      : this.#finding
        ? "Looking for regions…"
        : waiting
          ? `Assessing ${waiting} ${waiting === 1 ? "region" : "regions"}…`
          : "";
    $("#work-state").textContent = text;
  }
}
