// The page at work. Gradio runs this once, with `element` (the desk) and `server` (the two calls of page_requests.py).
// A picture stays in the browser; each call sends it anew, and the service keeps none. page_box.js comes before it.
const desk = element.querySelector(".desk");
const find = (selector, within = desk) => within.querySelector(selector);
const [state, progress, several, one, clear] = [".state", ".progress", ".several", ".one", ".clear"].map((s) => find(s));
const rows = find("tbody", several);
const take = find(".take", several);
const empty = state.textContent;
const [largest, most] = [Number(desk.dataset.largest), Number(desk.dataset.most)];
const AT_ONCE = 4, TRIES = 20, WAIT = 1000;
const UNREACHED = "The service cannot be reached or did not take the picture; try again.";
let turn = 0;

const text = (tag, words) => Object.assign(document.createElement(tag), { textContent: words });
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

function content(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

// The answer of a call, which waits while the service is busy; { refused } says why there is none.
async function asked(call, file, more = {}) {
  let data;
  try {
    data = await content(file);
  } catch {
    return { refused: "The browser cannot read this file." };
  }
  for (let attempt = 1; ; attempt++) {
    let said;
    try {
      said = await call({ name: file.name, data, ...more });
    } catch {}
    if (!said) return { refused: UNREACHED };
    if (!said.busy) return said;
    if (attempt === TRIES) return { refused: said.busy };
    await pause(WAIT);
  }
}

async function answer(file) {
  if (file.size > largest) {
    const limit = (largest / 2 ** 20).toFixed(0);
    return { refused: `This file has ${(file.size / 2 ** 20).toFixed(1)} MiB; the service takes up to ${limit} MiB.` };
  }
  return asked(server.answer, file);
}

async function give(list) {
  const files = [...list];
  if (!files.length) return;
  const mine = ++turn;
  wipe();
  clear.hidden = false;
  const place = find(".answers");
  if (place.getBoundingClientRect().top > innerHeight / 2) place.scrollIntoView();
  if (files.length > most) {
    state.textContent = `${files.length} files were given; up to ${most} at a time are taken. Give fewer.`;
    return;
  }
  const many = files.length > 1;
  several.hidden = !many;
  if (many) files.forEach((file) => rows.append(waiting(file)));
  const found = new Array(files.length);
  let next = 0, done = 0;
  const tell = () => {
    state.textContent = done < files.length ? `Judging ${files.length} picture${many ? "s" : ""}: ${done} done` : "";
    progress.hidden = done === files.length;
    find(".done", progress).style.width = `${(100 * done) / files.length}%`;
  };
  const worker = async () => {
    while (next < files.length) {
      const number = next++;
      const said = await answer(files[number]);
      if (mine !== turn) return;
      found[number] = said;
      done++;
      tell();
      if (many) fill(rows.children[number], files[number], said);
      if (!many || number === 0) show(files[number], said, many && rows.children[0]);
    }
  };
  tell();
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, worker));
  if (mine !== turn || !many) return;
  const [refused, unread] = [found.filter((said) => said.refused).length, found.filter((said) => said.unread).length];
  const told = [`${files.length - refused - unread} judged`];
  if (unread) told.push(`${unread} could not be read`);
  if (refused) told.push(`${refused} got no answer and ${refused > 1 ? "are" : "is"} not in the file`);
  state.textContent = `${files.length} pictures: ${told.join(", ")}.`;
  offer(found);
}

function waiting(file) {
  const row = document.createElement("tr");
  const head = text("th", file.name);
  head.scope = "row";
  row.append(head, Object.assign(text("td", "waiting"), { colSpan: 4 }));
  return row;
}

function fill(row, file, said) {
  if (said.refused) {
    row.lastChild.textContent = said.refused;
    row.lastChild.className = "bad";
    return;
  }
  row.innerHTML = said.row;
  find(".show", row).addEventListener("click", () => {
    show(file, said, row);
    one.scrollIntoView({ block: "nearest" });
  });
}

function offer(found) {
  const lines = found.filter((said) => said.csv).map((said) => said.csv);
  const csv = new Blob([decoded(several.dataset.head), ...lines], { type: "text/csv" });
  URL.revokeObjectURL(take.href);
  take.href = URL.createObjectURL(csv);
}

function show(file, said, row) {
  for (const other of rows.children) other.toggleAttribute("aria-current", other === row);
  if (said.refused) {
    one.replaceChildren(text("h3", file.name), Object.assign(text("p", said.refused), { className: "verdict none" }));
    return;
  }
  one.innerHTML = said.card;
  const place = find(".seen", one);
  const preview = Object.assign(new Image(), { alt: "The picture that was given", className: "preview" });
  preview.onload = () => URL.revokeObjectURL(preview.src);
  preview.onerror = () => preview.remove();
  preview.src = URL.createObjectURL(file);
  place.append(preview);
  if (said.label) look(place, file, said.label);
}

// Ask where the network looks, and put it in the picture's place.
async function look(place, file, label) {
  const note = Object.assign(text("p", "Drawing where the network looks …"), { className: "faint" });
  place.append(note);
  const said = await asked(server.heat, file, { label });
  if (!place.isConnected) return;
  if (!said.figure) {
    note.textContent = said.refused;
    return;
  }
  const drawn = document.createRange().createContextualFragment(said.figure);
  if (drawn.querySelector("figure")) place.replaceChildren(drawn);
  else note.replaceWith(drawn);
  const figure = find("figure", place);
  if (!figure) return;
  find(".opacity", figure).addEventListener("input", (event) => {
    find(".layer", figure).style.opacity = event.target.value / 100;
  });
  find(".asked", figure).addEventListener("change", (event) => look(place, file, event.target.value));
  measure(figure);
}

function wipe() {
  rows.replaceChildren();
  one.replaceChildren();
  several.hidden = progress.hidden = clear.hidden = true;
  URL.revokeObjectURL(take.href);
  take.href = "#";
}

clear.addEventListener("click", () => {
  turn++;
  wipe();
  state.textContent = empty;
});
for (const input of desk.querySelectorAll(".files")) {
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be given again
    await give(files);
  });
}
const drop = find(".drop");
drop.classList.toggle("touched", navigator.maxTouchPoints > 0);
for (const kind of ["dragenter", "dragover"]) {
  desk.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
desk.addEventListener("dragleave", (event) => desk.contains(event.relatedTarget) || drop.classList.remove("over"));
desk.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  give(event.dataTransfer.files);
});
for (const example of desk.querySelectorAll(".example")) {
  example.addEventListener("click", () => {
    const data = decoded(find("img", example).src.split(",")[1]);
    give([new File([data], example.dataset.name, { type: "image/jpeg" })]);
  });
}
