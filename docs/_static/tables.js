// On a narrow screen a row becomes a block (site.css): each cell then says which column it is of.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("article table")) {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr"))
      [...row.cells].forEach((cell, column) => {
        cell.dataset.column = heads[column] ?? "";
        cell.classList.toggle("is-empty", !cell.textContent.trim());
      });
  }
});
