// Groups of buttons of which one is on: tabs, tools, what is shown.

// The tab list: arrow keys go from tab to tab. `changed` gets the id of
// each tab that is shown. Returns a function that shows a tab by its button's id.
export function tabs(list, changed = () => {}) {
  const buttons = [...list.querySelectorAll("[role=tab]")];
  const show = (id, focus = false) => {
    for (const button of buttons) {
      const on = button.id === id;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      document.getElementById(button.getAttribute("aria-controls")).hidden = !on;
      if (on && focus) button.focus();
    }
    changed(id);
  };
  for (const button of buttons) button.addEventListener("click", () => show(button.id));
  arrows(list, buttons, (button) => show(button.id, true));
  return show;
}

// Buttons with the role radio: calls `choose(value)`. Returns a function that sets the value.
export function radios(buttons, value, choose) {
  const set = (chosen, focus = false) => {
    for (const button of buttons) {
      const on = value(button) === chosen;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
    choose(chosen);
  };
  for (const button of buttons) button.addEventListener("click", () => set(value(button)));
  arrows(buttons[0].parentElement, buttons, (button) => set(value(button), true));
  set(value(buttons[0]));
  return set;
}

function arrows(group, buttons, go) {
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = buttons.indexOf(document.activeElement);
    go(buttons[(place + step + buttons.length) % buttons.length]);
  });
}
