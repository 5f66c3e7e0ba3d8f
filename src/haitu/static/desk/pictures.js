// A picture is dragged to its place, with mouse, pen or finger; its buttons do the same without this file.

const form = document.querySelector("[data-pictures]");
let held = null;
let before = "";

const order = () => [...form.querySelectorAll("[data-picture]")].map((item) => item.dataset.picture).join(",");

function drop() {
  if (!held) return;
  held.classList.remove("held");
  held = null;
  if (order() === before) return;
  const field = form.querySelector("input[name=order]");
  field.disabled = false;
  field.value = order();
  form.requestSubmit();
}

form?.addEventListener("pointerdown", (event) => {
  if (event.button || !event.target.matches("img")) return;
  held = event.target.closest("[data-picture]");
  before = order();
  held.classList.add("held");
  held.setPointerCapture(event.pointerId);
});

form?.addEventListener("pointermove", (event) => {
  if (!held) return;
  const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-picture]");
  if (!over || over === held || !form.contains(over)) return;
  const box = over.getBoundingClientRect();
  const behind = (event.clientX > box.left + box.width / 2) === (getComputedStyle(form).direction === "ltr");
  over[behind ? "after" : "before"](held);
});

form?.addEventListener("pointerup", drop);
form?.addEventListener("pointercancel", drop);
