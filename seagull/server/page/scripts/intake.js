// How a photo comes to the page: chosen, dropped, pasted, or an example.

import { $ } from "./dom.js";

export class Intake {
  // `open(file)` gets each photo, `fail(error)` what is none.
  constructor(open, fail) {
    Object.assign(this, { open, fail });
    for (const input of document.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => {
        const [file] = input.files;
        input.value = "";
        if (file) open(file);
      });
    }
    for (const button of document.querySelectorAll("[data-example]")) {
      button.addEventListener("click", () => this.#example(button.dataset.example));
    }
    addEventListener("paste", (event) => this.#paste(event));
    this.#drops();
  }

  async #example(name) {
    try {
      const response = await fetch(`page/examples/${name}`);
      if (!response.ok) throw new Error();
      this.open(new File([await response.blob()], name, { type: "image/jpeg" }));
    } catch {
      this.fail(new Error("The example cannot be had: the server does not answer."));
    }
  }

  #paste(event) {
    if (event.target.closest?.("input[type=text], input[type=password]")) return;
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (file) this.open(file);
    else if (event.clipboardData.files.length) this.fail(new Error("What was pasted is not a photo."));
  }

  #drops() {
    let depth = 0;
    const show = (on) => ($("#dropping").hidden = !on);
    addEventListener("dragenter", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      show(++depth > 0);
    });
    addEventListener("dragleave", () => show((depth = Math.max(0, depth - 1)) > 0));
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      show((depth = 0) > 0);
      const [file] = event.dataTransfer.files;
      if (file?.type.startsWith("image/")) this.open(file);
      else if (file) this.fail(new Error(`${file.name} is not a photo.`));
    });
  }
}
