// How a photo comes to the page: chosen, dropped, pasted, or an example.

import { $ } from "./dom.js";

export class Intake {
  // `open(file)` gets each photo, `compare(file)` each other version of it, `fail(error)` what is
  // none. What is dropped or pasted while the tab that compares is shown is another version.
  constructor(open, compare, fail) {
    Object.assign(this, { open, compare, fail });
    for (const input of document.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => {
        const [file] = input.files;
        input.value = "";
        if (file) (input.id === "versus-file" ? compare : open)(file);
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

  get comparing() {
    return document.body.classList.contains("comparing");
  }

  #take(file) {
    (this.comparing ? this.compare : this.open)(file);
  }

  #paste(event) {
    if (event.target.closest?.("input[type=text], input[type=password]")) return;
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (file) this.#take(file);
    else if (event.clipboardData.files.length) this.fail(new Error("What was pasted is not a photo."));
  }

  #drops() {
    let depth = 0;
    const show = (on) => {
      $("#dropping").hidden = !on || this.comparing;
      $("#versus-drop").classList.toggle("over", on && this.comparing);
    };
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
      if (file?.type.startsWith("image/")) this.#take(file);
      else if (file) this.fail(new Error(`${file.name} is not a photo.`));
    });
  }
}
