// Light, dark, or as the system has it. Not a module, so that it runs before the first paint.
(() => {
  const THEMES = ["system", "light", "dark"];
  const NAMES = { system: "as the system", light: "light", dark: "dark" };
  const KEY = "seagull.theme";
  const stored = () => {
    try {
      return THEMES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system";
    } catch {
      return "system";
    }
  };
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    const button = document.querySelector("#theme-button");
    button?.setAttribute("aria-label", `Colours: ${NAMES[theme]}`);
    if (button) button.dataset.tip = `Colours: ${NAMES[theme]}`;
  };
  show(stored());
  addEventListener("DOMContentLoaded", () => {
    show(stored());
    document.querySelector("#theme-button").addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      show(next);
    });
  });
})();
