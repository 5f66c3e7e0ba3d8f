// Comfort only: every page works without it. Charts live in chart.js, loaded where there is one.

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-submits]")) field.form.requestSubmit();
  if (field.matches("[data-checks-all]")) {
    for (const box of document.querySelectorAll(`input[name="${field.dataset.checksAll}"]`)) box.checked = field.checked;
  }
  const counter = document.querySelector("[data-counts]");
  if (counter) {
    const count = document.querySelectorAll(`input[name="${counter.dataset.counts}"]:checked`).length;
    counter.textContent = count || "";
    counter.closest("button").disabled = count === 0;
  }
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.asks;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-prints]")) print();
  // A help text closes when somebody looks elsewhere.
  for (const open of document.querySelectorAll("details.help[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll("details.help[open]")) open.open = false;
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.getElementById("search")?.focus();
  }
});
