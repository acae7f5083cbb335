// "/" goes to the search; j and k walk the rows of a list; x chooses a row. Enter needs no code:
// the row's link has the focus.
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")].filter((row) => row.offsetParent);
const handle = (row) => row.querySelector("a[href]") ?? row.querySelector("button, input");

const walk = (step) => {
  const all = rows();
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step];
  if (!next) return;
  handle(next)?.focus();
  next.scrollIntoView({ block: "nearest" });
};

const choose = () => {
  const row = document.activeElement.closest("[data-rows] tbody tr");
  row?.querySelector("[data-select]")?.click();
};

const keys = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => walk(1),
  k: () => walk(-1),
  x: choose,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const act = keys[event.key];
  if (!act || (event.key === "/" && !document.querySelector("[data-search]"))) return;
  event.preventDefault();
  act();
});

document.querySelector("[data-focus]")?.focus();
