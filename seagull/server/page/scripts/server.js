// The server's HTTP API. A request waits while the server is gone or busy, and then goes on.

import { sendable } from "./key.js";

const KEY = "seagull.api-key";
const POLL = 1500;
const BROKEN_AT_MOST = 3;

// What the server refused, in its own words.
export class ServerError extends Error {
  constructor(status, { message, code } = {}) {
    super(message || `The server answered with status ${status}.`);
    this.status = status;
    this.code = code;
  }
}

// No answer came: the server is gone, or the connection broke off.
class Unreachable extends Error {}

export class Server extends EventTarget {
  // `askKey(refused)` resolves to an API key, or to null if the person has none.
  constructor(base, askKey) {
    super();
    this.base = base;
    this.askKey = askKey;
    this.state = "ready";
  }

  // A stored one that no header takes is none.
  get key() {
    const key = sessionStorage.getItem(KEY) ?? "";
    return sendable(key) ? key : "";
  }

  // Kept for this tab only.
  set key(value) {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  }

  url(path) {
    return new URL(path, this.base).href;
  }

  // The JSON of an answer.
  async json(path, body, signal) {
    const response = await this.answer(path, body, signal);
    return response.json();
  }

  // The answer to a JSON body, or to a GET without one; its body is still to be read.
  answer(path, body, signal) {
    return this.#insist(async () => {
      const response = await fetch(this.url(path), {
        method: body === undefined ? "GET" : "POST",
        headers: { ...this.#headers(), ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      }).catch((error) => {
        throw error.name === "AbortError" ? error : new Unreachable(error.message);
      });
      const fault = response.ok ? null : await response.json().catch(() => null);
      return { status: response.status, wait: response.headers.get("retry-after"), fault, value: response };
    }, signal);
  }

  // Sends a file as a form and returns the JSON of the answer; `progress` gets the share sent.
  upload(path, file, progress, signal) {
    return this.#insist(() => this.#send(path, file, progress, signal), signal);
  }

  // fetch tells nothing of how much was sent.
  #send(path, file, progress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const form = new FormData();
      form.append("file", file, file.name || "photo");
      request.open("POST", this.url(path));
      for (const [name, value] of Object.entries(this.#headers())) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.upload.onload = () => progress(1);
      request.onerror = () => reject(new Unreachable("the connection broke off"));
      request.onabort = () => reject(new DOMException("given up", "AbortError"));
      request.onload = () =>
        resolve({
          status: request.status,
          wait: request.getResponseHeader("retry-after"),
          fault: request.status < 400 ? null : request.response,
          value: request.response,
        });
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    });
  }

  async #insist(attempt, signal) {
    for (let broken = 0; ; ) {
      signal?.throwIfAborted();
      try {
        const { status, wait, fault, value } = await attempt();
        if (status < 400) {
          this.#become("ready");
          return value;
        }
        if (status === 429) await this.#pause(Number(wait) || 2, signal);
        else if (status === 503) await this.#comeBack(signal);
        else if (status === 401) await this.#unlock(status);
        else throw new ServerError(status, fault?.error);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        if (await this.#ready()) broken++;
        else await this.#comeBack(signal);
        // A server that is alive and hangs up does not want what is sent.
        if (broken === BROKEN_AT_MOST) throw new ServerError(0, { message: HUNG_UP, code: "hung_up" });
      }
    }
  }

  async #pause(seconds, signal) {
    this.#become("busy");
    await sleep(seconds * 1000, signal);
  }

  async #comeBack(signal) {
    this.#become("gone");
    while (!(await this.#ready())) await sleep(POLL, signal);
    this.#become("ready");
  }

  async #ready() {
    try {
      return (await fetch(this.url("readyz"), { cache: "no-store" })).ok;
    } catch {
      return false;
    }
  }

  // Requests that are refused at the same time ask the person once.
  async #unlock(status) {
    this.asking ??= this.askKey(this.key !== "").finally(() => (this.asking = null));
    const key = await this.asking;
    if (!key) throw new ServerError(status, { message: NO_KEY, code: "no_key" });
    this.key = key;
  }

  #headers() {
    return this.key ? { authorization: `Bearer ${this.key}` } : {};
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

const NO_KEY = "This server answers only with an API key, and none was given. The key button at the top takes one.";
const HUNG_UP =
  "The server hung up while it was asked. The photo may be larger than it takes; try a smaller one.";

function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
