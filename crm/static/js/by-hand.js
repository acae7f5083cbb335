// Keys of the by-hand queue: [data-key] is pressed by its key. They sleep while somebody types, and can be turned off.
const STORE = "by-hand-keys";
const TYPED = "input:not([type=checkbox], [type=radio], [readonly]), textarea:not([readonly]), select, [contenteditable]";
let gone = false;

const areOff = () => localStorage.getItem(STORE) === "off";

const open = (summary) => {
  const sheet = summary.closest("details");
  sheet.open = !sheet.open;
  (sheet.open ? sheet.querySelector("[data-key-target]") : summary)?.focus();
};

const act = (item) => {
  if (item.tagName === "SUMMARY") open(item);
  else if ("keyFocus" in item.dataset) item.focus();
  else item.click();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest?.(TYPED);
  if (event.key === "Escape" && field) field.blur();
  if (field || areOff() || event.repeat || gone) return;
  const item = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!item) return;
  event.preventDefault();
  act(item);
});

// One press, one record: a second one while the page leaves would be about somebody who is done.
document.addEventListener("submit", (event) => {
  if (gone) event.preventDefault();
  gone = true;
});
addEventListener("pageshow", () => { gone = false; });

const tell = () => {
  document.querySelectorAll("[data-keys-on]").forEach((one) => { one.hidden = areOff(); });
  document.querySelectorAll("[data-keys-off]").forEach((one) => { one.hidden = !areOff(); });
  document.querySelector("[data-by-hand]")?.classList.toggle("without-keys", areOff());
};

document.querySelector("[data-keys-switch]")?.addEventListener("click", () => {
  localStorage.setItem(STORE, areOff() ? "on" : "off");
  tell();
});
tell();

const ready = document.querySelector("[data-ready]");
ready?.focus({ preventScroll: true });
ready?.select();

const share = document.querySelector("[data-share]");
if (share && navigator.share && matchMedia("(pointer: coarse)").matches) {
  share.hidden = false;
  share.addEventListener("click", () => navigator.share({ text: ready.value }).catch(() => {}));
}
