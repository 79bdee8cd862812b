// From a file to a photo with regions: read, sent, encoded, searched, assessed.

import { $ } from "./dom.js";
import { BY_TOUCH } from "./hand.js";
import { Photo } from "./photo.js";
import { foundRegion, wholeRegion } from "./project.js";
import { Sending } from "./sending.js";

const FOUND_AT_MOST = 32;
const FOUND = BY_TOUCH
  ? "regions found. Tap the photo to take one."
  : "regions found. Move over the photo to see them, click to take one.";
const NONE_FOUND = BY_TOUCH
  ? "No regions were found. Tap where one is, or draw a box with the Box tool."
  : "No regions were found. Click where one is, or draw a box.";

export class Session {
  #open = new AbortController();
  #find = new AbortController();
  #editing = 0;
  // The photo that is searched for regions.
  #searched = null;
  #sending = new Sending((file) => this.open(file));

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

  // Opens a photo; the one before stays until the server has the new one. Only the last one that
  // was asked for goes on.
  async open(file) {
    this.#open.abort();
    const { signal } = (this.#open = new AbortController());
    this.#sending.clear();
    let photo = null;
    try {
      photo = await Photo.open(file);
      const progress = (share) => signal.aborted || this.#sending.show(photo.name, share);
      progress(0);
      await photo.send(this.server, progress, signal);
      signal.throwIfAborted();
    } catch (error) {
      photo?.close();
      if (signal.aborted) return;
      if (photo) this.#sending.fail(file, photo.name, error);
      else this.notices.fail(error);
      return;
    }
    this.#sending.clear();
    this.#show(photo);
    await this.find();
  }

  // Sends what was not sent, if there is something.
  again() {
    this.#sending.again();
  }

  // Lets the server find the regions of the photo.
  async find() {
    const { photo } = this.project;
    if (!photo) return;
    this.#find.abort();
    const { signal } = (this.#find = new AbortController());
    this.#searched = photo;
    this.#state();
    try {
      await this.segmenter.load();
      const list = await photo.using(this.server, (id) =>
        this.server.json(`v1/images/${id}/regions?max_regions=${FOUND_AT_MOST}`, undefined, signal),
      );
      if (signal.aborted) return;
      this.project.setFound(list.regions.map((plain) => foundRegion(plain, photo)), list.segmenter);
      this.notices.say(list.regions.length ? `${list.regions.length} ${FOUND}` : NONE_FOUND);
    } catch (error) {
      if (!signal.aborted) this.notices.fail(error);
    } finally {
      if (!signal.aborted) {
        this.#searched = null;
        this.#state();
      }
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
    if (photo) this.assessor.ask([...regions, ...untaken]);
  }

  #show(photo) {
    // The focus goes to the photo, unless somebody is writing or reading beside it.
    const elsewhere = $("#panel").contains(document.activeElement);
    for (const id of ["#work", "#panel", "#another", "#file-name"]) $(id).hidden = false;
    if (!elsewhere) $("#stage").focus({ preventScroll: true });
    document.body.classList.remove("empty");
    $("#start").hidden = true;
    $("#file-name").textContent = photo.name;
    document.title = `${photo.name}: Seagull`;
    this.project.open(photo);
    this.stage.look((view) => view.fit());
    this.project.begin([wholeRegion(photo)]);
  }

  #state() {
    const waiting = this.assessor.waiting.size;
    const text = this.#editing
      ? "Finding the region…"
      : this.#searched
        ? "Looking for regions…"
        : waiting
          ? `Assessing ${waiting} ${waiting === 1 ? "region" : "regions"}…`
          : "";
    $("#work-state").textContent = text;
  }
}
