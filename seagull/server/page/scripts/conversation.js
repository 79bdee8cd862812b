// Questions and answers about the photo, as the server is told of them.

import { events } from "./streams.js";

const TOKENS_AT_MOST = 200;
const MENTION = /(^|\s)@([\p{L}\p{N}_-][\p{L}\p{N}._-]*)/gu;

// The names that a question mentions by @, and its words without those in front.
export function addressed(question) {
  const names = [...question.matchAll(MENTION)].map((match) => match[2].replace(/\.+$/, ""));
  const words = question.replace(/^(\s*@[\p{L}\p{N}._-]+,?)+\s*/u, "").replace(MENTION, "$1$2").trim();
  return { names: [...new Set(names)], words };
}

// Turns are {question, words, regions, answer, state}; state is streaming, done, stopped or failed.
// Event: "changed".
export class Conversation extends EventTarget {
  turns = [];
  #stop = null;

  constructor(project, server) {
    super();
    this.project = project;
    this.server = server;
    project.addEventListener("photo", () => this.clear());
  }

  get streaming() {
    return this.#stop !== null;
  }

  clear() {
    this.stop();
    this.turns = [];
    this.#changed();
  }

  stop() {
    this.#stop?.abort();
  }

  // Asks about the regions that the question names, or else the given ones.
  async ask(question, regions) {
    const { names, words } = addressed(question);
    const unknown = names.find((name) => !this.project.regions.some((region) => region.name === name));
    if (unknown) throw new Error(`There is no region ${unknown}.`);
    if (!words) throw new Error("Write a question after the names.");
    const named = this.project.regions.filter((region) => names.includes(region.name));
    const turn = { question, words, regions: named.length ? named : regions, answer: "", state: "streaming" };
    this.turns.push(turn);
    await this.#run(turn);
  }

  // Asks the last question again.
  async again() {
    const turn = this.turns.at(-1);
    Object.assign(turn, { answer: "", state: "streaming" });
    await this.#run(turn);
  }

  async #run(turn) {
    const stop = (this.#stop = new AbortController());
    this.#changed();
    try {
      await this.#stream(turn, stop.signal);
      turn.state = "done";
    } catch (error) {
      turn.state = stop.signal.aborted ? "stopped" : "failed";
      turn.fault = error instanceof TypeError ? "The answer broke off." : error.message;
    } finally {
      if (this.#stop === stop) this.#stop = null;
      this.#changed();
    }
  }

  async #stream(turn, signal) {
    const response = await this.project.photo.using(this.server, (id) =>
      this.server.answer("v1/chat/completions", this.request(id), signal),
    );
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      turn.answer += event.choices[0]?.delta.content ?? "";
      this.#changed();
    }
  }

  // The request for the answer to the last question. A turn that failed is left out.
  request(image) {
    const last = this.turns.at(-1);
    const turns = this.turns.filter((turn) => turn === last || turn.answer);
    const ids = namesOf(turns.flatMap((turn) => turn.regions));
    const messages = turns.flatMap((turn) => {
      const asked = { role: "user", content: turn.words, regions: turn.regions.map(({ key }) => ids.get(key)) };
      return turn === last ? [asked] : [asked, { role: "assistant", content: turn.answer }];
    });
    const photo = { type: "image_url", image_url: { url: image } };
    messages[0].content = [photo, { type: "text", text: messages[0].content }];
    const regions = turns.flatMap((turn) => turn.regions).filter(once());
    return {
      model: this.project.model.name,
      messages,
      regions: regions.map(({ key, asked }) => ({ id: ids.get(key), ...asked })),
      max_tokens: TOKENS_AT_MOST,
      stream: true,
    };
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

// A name for each key; the latest region of a name has it, earlier ones are told apart.
function namesOf(regions) {
  const ids = new Map();
  const used = new Set();
  for (const { key, name } of [...regions].reverse()) {
    if (ids.has(key)) continue;
    let id = name;
    while (used.has(id)) id += "-before";
    used.add(id);
    ids.set(key, id);
  }
  return ids;
}

function once() {
  const seen = new Set();
  return ({ key }) => !seen.has(key) && seen.add(key);
}
