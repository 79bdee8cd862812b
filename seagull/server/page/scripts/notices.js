// What the page tells a person: what was done, what failed, and how the server is.

import { $ } from "./dom.js";

const SHOWN = 5000;
// In CSS pixels: room that a message takes above the tabs, and its distance from them.
const LEAST_ABOVE = 120;
const GAP = 8;
const STATES = {
  gone: "The server does not answer. Your photo and regions are still here; this page goes on as soon as it is back.",
  busy: "The server is busy. Your request waits for its turn.",
};

export class Notices {
  constructor() {
    this.said = $("#said");
    // A tap or Escape puts it away.
    this.said.addEventListener("click", () => this.#clear());
    addEventListener("keydown", (event) => event.key === "Escape" && this.#clear());
  }

  say = (text) => this.#show(text, false);

  fail = (error) => {
    if (error.name !== "AbortError") this.#show(error.message, true);
  };

  server(state) {
    $("#banner").hidden = !(state in STATES);
    $("#banner").dataset.state = state;
    $("#banner-text").textContent = STATES[state] ?? "";
  }

  #show(text, fault) {
    this.said.textContent = text;
    this.said.classList.toggle("fault", fault);
    this.said.style.bottom = overTabs();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#clear(), fault ? 2 * SHOWN : SHOWN);
  }

  #clear() {
    this.said.textContent = "";
  }
}

// Where the answers lie below the photo, what is said lies above their tabs and covers no number;
// "" leaves it to the style sheet.
function overTabs() {
  const { top, height } = $("[role=tablist]").getBoundingClientRect();
  const below = height > 0 && matchMedia("(max-width: 899px)").matches;
  if (!below || top < LEAST_ABOVE) return "";
  return `${Math.max(GAP, innerHeight - top + GAP)}px`;
}
