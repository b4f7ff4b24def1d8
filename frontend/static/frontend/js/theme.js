// Runs before the page is painted: the person's own choice of light or dark, if there is one.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("webnas-theme");
  } catch {
    // A browser without storage follows the system.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
