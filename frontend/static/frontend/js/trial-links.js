// Picking a network by its row or its number loads its detail beside the plot; the address keeps it.
// The links lead to a page of their own without a script, and when opened in a new tab.

export const pickTrial = (number) => {
  const panel = document.getElementById("trial");
  if (!panel) return false;
  htmx.ajax("GET", panel.dataset.url.replace("/0/", `/${number}/`), { target: "#trial", swap: "innerHTML" });
  const address = new URL(location);
  address.searchParams.set("trial", number);
  history.replaceState(null, "", address);
  markTrial(number);
  document.body.dispatchEvent(new CustomEvent("trial-picked", { detail: Number(number) }));
  if (matchMedia("(max-width: 64rem)").matches) panel.scrollIntoView({ block: "start" });
  return true;
};

const markTrial = (number) => {
  for (const row of document.querySelectorAll("tr[data-trial]")) {
    row.setAttribute("aria-selected", String(row.dataset.trial === String(number)));
  }
};

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const picked = event.target.closest("[data-trial]");
  if (!picked || event.target.closest("button, input, select")) return;
  const link = event.target.closest("a");
  if (link && !link.dataset.trial && !picked.contains(link)) return;
  if (pickTrial(picked.dataset.trial)) event.preventDefault();
});

document.body.addEventListener("htmx:afterSwap", () => {
  const number = new URL(location).searchParams.get("trial");
  if (number) markTrial(number);
});

// What the table shows is part of the address, too.
const KEPT = ["show", "sort", "page"];
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target?.id !== "networks" || !event.detail.successful) return;
  if (event.detail.requestConfig.triggeringEvent?.type !== "click") return;
  const asked = new URL(event.detail.pathInfo.requestPath, location).searchParams;
  const address = new URL(location);
  for (const name of KEPT) {
    if (asked.has(name)) address.searchParams.set(name, asked.get(name));
    else address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
});
