// Copy buttons. Where the clipboard is closed (plain http) the text is selected instead.
document.documentElement.classList.add("js");

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  source.select();
  try {
    await navigator.clipboard.writeText(source.value);
  } catch {
    return;
  }
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = button.dataset.copied;
  button.closest(".copy").querySelector("[role=status]").textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = label; }, 2000);
};

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (button) copy(button);
});
