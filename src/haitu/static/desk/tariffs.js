// Comfort only: files can be dropped onto the form, and a large one shows how far it has come.
(() => {
  const form = document.querySelector("form[data-drop]");
  if (!form) return;
  const field = form.querySelector("input[type=file]");
  const told = form.querySelector("[data-told]");
  const bar = form.querySelector("progress");
  const button = form.querySelector("button");
  const most = Number(form.dataset.most);

  const look = () => {
    const file = field.files[0];
    if (!file) return false;
    const large = file.size > most;
    told.textContent = large ? form.dataset.large : `${file.name} · ${Math.ceil(file.size / 1024)} KB`;
    told.classList.toggle("text-red", large);
    button.disabled = large;
    return !large;
  };
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    if (look()) form.requestSubmit();
  });
  field.addEventListener("change", look);
  form.addEventListener("submit", (event) => {
    if (!field.files.length) return;
    event.preventDefault();
    if (!look()) return;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-Progress", "yes");
    request.responseType = "json";
    bar.hidden = false;
    button.disabled = true;
    request.upload.addEventListener("progress", (at) => { if (at.lengthComputable) bar.value = at.loaded / at.total; });
    const failed = () => { bar.hidden = true; button.disabled = false; told.textContent = form.dataset.failed; told.classList.add("text-red"); };
    request.addEventListener("load", () => (request.response?.go ? location.assign(request.response.go) : failed()));
    request.addEventListener("error", failed);
    request.send(new FormData(form));
  });
})();
