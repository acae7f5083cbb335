// Choosing rows: the box in the head chooses all of the page, and the bar below counts them.
const boxes = () => [...document.querySelectorAll("[data-select]")];

const count = () => {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  for (const output of document.querySelectorAll("[data-selected-count]")) output.value = chosen;
  for (const head of document.querySelectorAll("[data-select-all]")) {
    head.checked = all.length > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  }
};

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-all]")) for (const box of boxes()) box.checked = target.checked;
  if (target.matches("[data-select], [data-select-all]")) count();
});

count();
