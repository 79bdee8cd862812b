// Asks a person for the API key.

import { $ } from "./dom.js";

const WANTED = "This server takes requests with an API key. It is kept for this tab only.";
const UNSENDABLE = "This is no API key: a key has letters from A to Z, digits and signs such as - and _ only.";
const REFUSED = "The server does not know this key. Try another.";

// Whether a key can be sent: a header takes printable ASCII only.
export function sendable(key) {
  return /^[\x21-\x7e]*$/.test(key);
}

// The key, or null. Args: refused, whether one was tried and is not known.
export function askKey(refused) {
  const dialog = $("#key-dialog");
  const input = $("#key-input");
  $("#key-text").textContent = refused ? REFUSED : WANTED;
  input.value = "";
  dialog.returnValue = "cancel";
  dialog.showModal();
  input.focus();
  // Enter means the button that uses the key, not the first one.
  input.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    $("form", dialog).requestSubmit($("[value=ok]", dialog));
  };
  $("form", dialog).onsubmit = (event) => {
    if (event.submitter?.value !== "ok" || sendable(input.value.trim())) return;
    event.preventDefault();
    $("#key-text").textContent = UNSENDABLE;
    input.select();
  };
  return new Promise((resolve) => {
    const done = () => resolve(dialog.returnValue === "ok" ? input.value.trim() : null);
    dialog.addEventListener("close", done, { once: true });
  });
}
