"use strict";
const element = id => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
const functions = facts.functions.map(([name, index, size, instance], number) =>
  ({ name: name || `func[${index}]`, index, size, instance, number }));
const STAGES = [["source", "Source"], ["wasm", "WebAssembly"], ["clif", "Cranelift IR"],
  ["opt", "optimised"], ["asm", "Machine code"]];
const MOST_LISTED = 1000, CHUNK = 200;
let listed = [], current = null, shown = new Set(STAGES.map(([key]) => key)), opening = 0;

document.title = facts.title + " – wasmc explore";
element("title").textContent = facts.title;

// A part of the page, unpacked when it is needed.
async function unpack(id) {
  const packed = element(id);
  if (packed === null) return null;
  const bytes = Uint8Array.from(atob(packed.textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

function make(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

// ---- The list of functions

function list() {
  const words = element("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const order = document.querySelector("[name=order]:checked").value;
  listed = functions.filter(({ name, index }) =>
    words.every(word => name.toLowerCase().includes(word) || String(index) === word));
  if (order === "size") listed.sort((a, b) => b.size - a.size);
  if (order === "name") listed.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const bytes = listed.reduce((sum, { size }) => sum + size, 0);
  const more = listed.length > MOST_LISTED ? `; the first ${MOST_LISTED} are listed` : "";
  element("count").textContent =
    `${listed.length} of ${functions.length} functions, ${bytes.toLocaleString("en")} bytes${more}`;
  element("functions").replaceChildren(...listed.slice(0, MOST_LISTED).map(entry => {
    const item = make("li"), button = make("button");
    button.append(make("span", "", entry.name), make("span", "", entry.size.toLocaleString("en")));
    button.title = `${entry.name} (function ${entry.index}, ${entry.size} bytes)`;
    button.dataset.number = entry.number;
    if (entry.number === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => open(entry.number));
    item.append(button);
    return item;
  }));
}

function step(by) {
  const at = listed.findIndex(({ number }) => number === current);
  const next = listed[Math.min(Math.max(at + by, 0), listed.length - 1)];
  if (next !== undefined) open(next.number);
}

// ---- A function

// The place in the source of an offset: the last that begins before it.
function placeOf(places, offset) {
  let low = 0, high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle][0] <= offset) low = middle + 1; else high = middle;
  }
  const place = places[low - 1];
  return place === undefined || place[1] < 0 ? null : `${place[1]}:${place[2]}`;
}

// What is shown of the source: the lines around those that the function comes from, file by file.
async function sourceLines(places) {
  const wanted = new Map();
  for (const [, file, line] of places) {
    if (file < 0) continue;
    if (!wanted.has(file)) wanted.set(file, new Set());
    wanted.get(file).add(line);
  }
  const lines = [];
  for (const [file, numbers] of wanted) {
    const text = await unpack("s" + file);
    const first = Math.min(...numbers), last = Math.max(...numbers);
    lines.push({ file: true, text: facts.files[file] });
    if (text === null) {
      for (const number of [...numbers].sort((a, b) => a - b))
        lines.push({ key: `${file}:${number}`, number, text: "(source not found)" });
      continue;
    }
    for (let number = Math.max(first - 3, 1); number <= Math.min(last + 3, text.length); number++)
      lines.push({ key: numbers.has(number) ? `${file}:${number}` : null, number, text: text[number - 1] });
  }
  return lines;
}

async function open(number) {
  const ticket = ++opening;
  const entry = functions[number];
  current = number;
  for (const button of element("functions").querySelectorAll("button")) {
    if (Number(button.dataset.number) === number) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  }
  history.replaceState(null, "", "#" + number);
  element("name").textContent = `${entry.name} — function ${entry.index}, ${entry.size.toLocaleString("en")} bytes`;
  const part = await unpack("f" + number);
  const source = await sourceLines(part.places);
  // Another one was opened meanwhile.
  if (ticket !== opening) return;
  // A color for each line of the source, or for each instruction where there is none.
  const hues = new Map();
  const hue = key => {
    if (!hues.has(key)) hues.set(key, Math.round(hues.size * 137.5) % 360);
    return hues.get(key);
  };
  const keyOf = offset => placeOf(part.places, offset) ?? "@" + offset;
  const ofStage = {
    source: source.map(line => ({ ...line, mark: line.file ? "" : line.number })),
    wasm: part.wasm, clif: part.clif, opt: part.opt, asm: part.asm,
  };
  for (const stage of ["wasm", "clif", "opt", "asm"]) {
    ofStage[stage] = ofStage[stage].map(([offset, text]) => offset === null ? { text, mark: "" }
      : { text, offset, key: keyOf(offset), mark: offset.toString(16) });
  }
  // Colors in the order of the module, whichever stages are shown.
  for (const { key } of ofStage.wasm) if (key) hue(key);
  element("panes").replaceChildren(...STAGES.map(([stage, title]) => pane(stage, title, ofStage[stage], hue)));
  showStages();
}

function pane(stage, title, lines, hue) {
  const made = make("section", "pane");
  made.dataset.stage = stage;
  made.append(make("h3", "", title));
  const box = make("div", "lines");
  box.tabIndex = 0;
  if (lines.length === 0) box.append(make("p", "empty",
    stage === "source" ? "The module has no debugging information for this function." : "Nothing."));
  for (let start = 0; start < lines.length; start += CHUNK) {
    const slice = lines.slice(start, start + CHUNK), chunk = make("div", "chunk");
    chunk.style.containIntrinsicSize = `auto ${18 * slice.length}px`;
    for (const line of slice) {
      const row = make("div", "line");
      row.append(make("i", "", line.mark ?? ""), document.createTextNode(line.text));
      if (line.file) row.classList.add("file");
      if (line.key) {
        row.classList.add("of");
        row.style.setProperty("--hue", hue(line.key));
        row.dataset.key = line.key;
        if (line.offset !== undefined) row.dataset.offset = line.offset;
      }
      chunk.append(row);
    }
    box.append(chunk);
  }
  box.addEventListener("click", event => {
    const row = event.target.closest(".of");
    if (row !== null) choose(row, box);
  });
  made.append(box);
  return made;
}

// Shows what belongs to a line: to an instruction the code that comes of it and its line of the
// source, to a line of the source all that comes of it.
function choose(row, from) {
  const { key, offset } = row.dataset;
  for (const box of document.querySelectorAll(".lines")) {
    let first = null;
    for (const line of box.querySelectorAll(".line")) {
      const hit = line.dataset.key === key && (offset === undefined
        || line.dataset.offset === undefined || line.dataset.offset === offset);
      line.classList.toggle("chosen", hit);
      if (hit && first === null) first = line;
    }
    if (first !== null && box !== from) first.scrollIntoView({ block: "center", inline: "nearest" });
  }
}

function deselect() {
  for (const line of document.querySelectorAll(".chosen")) line.classList.remove("chosen");
}

// ---- Stages

for (const [key, title] of STAGES) {
  const label = make("label"), box = make("input");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => toggle(key));
  box.dataset.stage = key;
  label.append(box, document.createTextNode(title));
  element("shown").append(label);
}

function toggle(key) {
  if (!shown.delete(key)) shown.add(key);
  showStages();
}

function showStages() {
  for (const part of document.querySelectorAll(".pane")) part.hidden = !shown.has(part.dataset.stage);
  for (const part of document.querySelectorAll(".pane")) part.style.display = part.hidden ? "none" : "";
  for (const box of element("shown").querySelectorAll("input")) box.checked = shown.has(box.dataset.stage);
}

// ---- Keys

element("search").addEventListener("input", list);
element("search").addEventListener("keydown", event => {
  if (event.key === "Enter" && listed.length > 0) open(listed[0].number);
  if (event.key === "Escape") { event.target.value = ""; list(); event.target.blur(); event.stopPropagation(); }
});
for (const radio of document.querySelectorAll("[name=order]")) radio.addEventListener("change", list);
addEventListener("keydown", event => {
  if (event.target.type === "search" || event.ctrlKey || event.metaKey || event.altKey) return;
  const stage = STAGES[Number(event.key) - 1];
  if (event.key === "/") { event.preventDefault(); element("search").select(); }
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Escape") deselect();
  else if (stage !== undefined) toggle(stage[0]);
});

list();
const asked = Number(location.hash.slice(1));
if (functions.length > 0) open(location.hash && functions[asked] ? asked : 0);
