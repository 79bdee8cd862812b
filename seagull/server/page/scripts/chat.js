// The conversation as people see it: turns, a field to ask in, stop, copy.

import { $, element, icon } from "./dom.js";
import { Mentions } from "./mentions.js";

const ABOUT_ONE = ["How is the quality?", "Which distortions does it have?", "How important is it?"];
const ABOUT_MORE = ["Which one is the best?", "Which one is the worst?", "How is the quality of each?"];
const ENDS = { stopped: "Stopped.", failed: "No whole answer came." };

export class Chat {
  constructor(project, conversation, fail) {
    Object.assign(this, { project, conversation, fail });
    this.log = $("#turns");
    this.input = $("#question");
    this.send = $("#send");
    new Mentions(this.input, $("#mentions"), () => project.regions.map((region) => region.name));
    $("#ask").addEventListener("submit", (event) => (event.preventDefault(), this.#submit()));
    $("#clear").addEventListener("click", () => conversation.clear());
    conversation.addEventListener("changed", () => this.#draw());
    for (const kind of ["photo", "regions", "selection"]) project.addEventListener(kind, () => this.#about());
    this.#draw();
  }

  focus() {
    this.input.focus();
  }

  // The regions that a question without names is about.
  get subjects() {
    const { chosen, regions } = this.project;
    return chosen.length ? chosen : regions.filter((region) => region.asked.whole);
  }

  #submit() {
    if (this.conversation.streaming) return this.conversation.stop();
    const question = this.input.value.trim();
    if (question) this.#ask(question);
  }

  async #ask(question) {
    if (this.conversation.streaming) return;
    if (!this.project.model) return this.fail(new Error("The photo is still being assessed; ask in a moment."));
    this.input.value = "";
    try {
      await this.conversation.ask(question, this.subjects);
    } catch (error) {
      this.input.value = question;
      this.fail(error);
    }
  }

  #about() {
    const names = this.subjects.map((region) => region.name);
    $("#about").textContent = names.length ? `About ${names.map((name) => `@${name}`).join(" ")}` : "About the photo";
    const offers = names.length > 1 ? ABOUT_MORE : ABOUT_ONE;
    const offer = (text) => element("button", { type: "button", class: "offer", click: () => this.#ask(text) }, text);
    $("#offers").replaceChildren(...offers.map(offer));
  }

  #draw() {
    const { turns, streaming } = this.conversation;
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    while (this.log.children.length > turns.length) this.log.lastChild.remove();
    turns.forEach((turn, place) => this.#drawTurn(turn, place));
    this.log.setAttribute("aria-busy", String(streaming));
    this.send.replaceChildren(icon(streaming ? "stop" : "send"), streaming ? "Stop" : "Send");
    $("#clear").hidden = !turns.length;
    $("#chat-hint").hidden = turns.length > 0;
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  // While an answer grows, only its text changes.
  #drawTurn(turn, place) {
    const shown = this.log.children[place];
    if (shown && turn.state === "streaming" && shown.dataset.state === "streaming") {
      $(".answer", shown).textContent = turn.answer;
      return;
    }
    if (shown?.turn === turn && shown.dataset.state === turn.state) return;
    const item = element(
      "article",
      { class: "turn", "data-state": turn.state },
      element("p", { class: "question" }, ...this.#questionParts(turn)),
      element("p", { class: "answer" }, turn.answer),
      this.#footer(turn),
    );
    item.turn = turn;
    if (shown) shown.replaceWith(item);
    else this.log.append(item);
  }

  #questionParts({ question, regions }) {
    const named = /(^|\s)@/.test(question);
    const about = named ? [] : regions.map((region) => element("span", { class: "mention" }, `@${region.name} `));
    const parts = question.split(/(@[\p{L}\p{N}._-]+)/u);
    return [...about, ...parts.map((part) => (part.startsWith("@") ? element("span", { class: "mention" }, part) : part))];
  }

  #footer(turn) {
    if (turn.state === "streaming") return null;
    const last = this.conversation.turns.at(-1) === turn;
    const copy = element("button", { type: "button", class: "quiet", click: () => this.#copy(turn, copy) }, icon("copy"), "Copy");
    const fault = turn.state === "failed" ? ` ${turn.fault}` : "";
    return element(
      "footer",
      {},
      turn.state !== "done" && element("span", { class: "ended" }, ENDS[turn.state] + fault),
      turn.answer && copy,
      turn.state !== "done" && last &&
        element("button", { type: "button", class: "quiet", click: () => this.conversation.again() }, icon("redo"), "Ask again"),
    );
  }

  async #copy(turn, button) {
    try {
      await navigator.clipboard.writeText(turn.answer);
      button.lastChild.textContent = "Copied";
      setTimeout(() => (button.lastChild.textContent = "Copy"), 2000);
    } catch {
      this.fail(new Error("The browser does not let this page copy; select the text instead."));
    }
  }
}
