// <theme-toggle><button hidden>: switches between light and dark, and remembers it.

const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
};

const announce = () => document.dispatchEvent(new CustomEvent("theme-changed"));
system.addEventListener("change", announce);

class ThemeToggle extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      try {
        localStorage.setItem("webnas-theme", next);
      } catch {
        // Then it holds for this page only.
      }
      announce();
    });
  }
}
customElements.define("theme-toggle", ThemeToggle);
