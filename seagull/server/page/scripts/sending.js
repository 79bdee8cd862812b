// A photo on its way to the server: how much of it was sent, or why the server does not have it.

import { $ } from "./dom.js";

// Of answers that a second try does not change: the photo itself is refused.
const REFUSED = [400, 413, 415, 422];

export class Sending {
  // What was not sent, and may be sent again.
  file = null;

  // `send(file)` sends a file once more.
  constructor(send) {
    this.send = send;
    $("#unsent-again").addEventListener("click", () => this.again());
    $("#unsent-close").addEventListener("click", () => this.clear());
  }

  again() {
    if (this.file) this.send(this.file);
  }

  clear() {
    this.file = null;
    $("#progress").hidden = true;
    $("#unsent").hidden = true;
  }

  // `share` goes from 0 to 1.
  show(name, share) {
    $("#progress").hidden = false;
    const bar = $("#progress-bar");
    const sent = share >= 1;
    $("#progress-text").textContent = sent ? `The model looks at ${name}…` : `Sending ${name}: ${Math.round(share * 100)} %`;
    if (sent) bar.removeAttribute("value");
    else bar.value = share;
  }

  fail(file, name, error) {
    this.clear();
    this.file = REFUSED.includes(error.status) ? null : file;
    $("#unsent-text").textContent = `${name} was not sent: ${error.message}`;
    $("#unsent-again").hidden = !this.file;
    $("#unsent").hidden = false;
  }
}
