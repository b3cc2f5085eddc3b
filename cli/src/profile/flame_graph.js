"use strict";
const svg = document.documentElement, full = svg.viewBox.baseVal.width;
const detail = document.getElementById("detail");
const boxes = Array.from(document.querySelectorAll("#boxes > g"), group => {
  const [title, rect, text] = group.children;
  const number = name => Number(rect.getAttribute(name));
  const name = title.textContent.replace(/ \([^()]*\)$/, "");
  return { group, rect, text, name, title: title.textContent,
    x: number("x"), wide: number("width"), y: number("y") };
});

function place(box, x, wide) {
  box.rect.setAttribute("x", x);
  box.rect.setAttribute("width", Math.max(wide, 0));
  box.text.setAttribute("x", Math.max(x, 0) + 3);
  const fitting = Math.floor(Math.min(wide, full) / 7);
  box.text.textContent = fitting < 3 ? ""
    : box.name.length <= fitting ? box.name : box.name.slice(0, fitting - 2) + "…";
}

// Shows a function and what it calls in the whole width, and what calls it below.
function zoom(to) {
  const scale = full / to.wide;
  for (const box of boxes) {
    const inside = box.y <= to.y && box.x >= to.x - 0.01 && box.x + box.wide <= to.x + to.wide + 0.01;
    const outer = box.y > to.y && box.x <= to.x + 0.01 && box.x + box.wide >= to.x + to.wide - 0.01;
    box.group.style.display = inside || outer ? "" : "none";
    box.rect.classList.toggle("outer", outer);
    if (outer) place(box, 0, full);
    else if (inside) place(box, (box.x - to.x) * scale, box.wide * scale);
  }
}

function find(words) {
  let expression = null;
  try { expression = words ? new RegExp(words, "i") : null; } catch { return; }
  let spent = 0, end = -1;
  const found = boxes.filter(box => {
    const hit = expression !== null && expression.test(box.name);
    box.rect.classList.toggle("found", hit);
    return hit;
  });
  // What lies within another match is not counted twice.
  found.sort((a, b) => a.x - b.x || b.wide - a.wide);
  for (const box of found) {
    if (box.x + box.wide <= end + 0.01) continue;
    spent += box.wide;
    end = box.x + box.wide;
  }
  detail.textContent = expression === null ? " "
    : `${found.length} found, ${(100 * spent / full).toFixed(2)}% of the time`;
}

for (const box of boxes) {
  box.group.addEventListener("click", () => zoom(box));
  box.group.addEventListener("mouseover", () => { detail.textContent = box.title; });
}
const ask = () => find(prompt("Functions (a regular expression):", "") || "");
document.getElementById("back").addEventListener("click", () => zoom(boxes[0]));
document.getElementById("find").addEventListener("click", ask);
addEventListener("keydown", event => {
  if (event.key === "/" || (event.key === "f" && event.ctrlKey)) { event.preventDefault(); ask(); }
  if (event.key === "Escape") { zoom(boxes[0]); find(""); }
});
