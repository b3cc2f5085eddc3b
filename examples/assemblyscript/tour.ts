// A tour of AssemblyScript under WASI: arguments, environment, standard streams, classes, typed
// arrays, maps, strings, closures without captures, 64-bit and floating-point arithmetic.
// The shim has no files. Every line of output is the same on every run.

class Shape {
  constructor(public name: string) {}
  area(): f64 {
    return 0;
  }
}

class Circle extends Shape {
  constructor(public radius: f64) {
    super("circle");
  }
  area(): f64 {
    return Math.PI * this.radius * this.radius;
  }
}

class Rectangle extends Shape {
  constructor(public width: f64, public height: f64) {
    super("rectangle");
  }
  area(): f64 {
    return this.width * this.height;
  }
}

function shapes(): void {
  const all: Shape[] = [new Circle(1.5), new Rectangle(2, 3.25), new Shape("none")];
  for (let i = 0; i < all.length; i++) {
    console.log(all[i].name + " " + all[i].area().toString() + " " + (all[i] instanceof Circle).toString());
  }
}

function numbers(): void {
  let state: u64 = 88172645463325252;
  let sum: u64 = 0;
  for (let i = 0; i < 1000000; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    sum += state >> 40;
  }
  console.log(sum.toString() + " " + clz(sum).toString() + " " + popcnt(state).toString());
  console.log((<i64>-7 / 2).toString() + " " + (<i32>-7 % 3).toString() + " " + (<u8>300).toString());
  console.log((0.1 + 0.2).toString() + " " + (1 / 3.0).toString() + " " + f32(16777217.0).toString());
  console.log(parseInt("ff", 16).toString() + " " + parseFloat("2.5e3").toString() + " " + Math.sqrt(2).toString());
  console.log(Math.sin(1).toString() + " " + Math.pow(2, 0.5).toString() + " " + nearest(2.5).toString());
}

function collections(): void {
  const counts = new Map<i32, i32>();
  let state: u32 = 12345;
  for (let i = 0; i < 20000; i++) {
    state = state * 1664525 + 1013904223;
    const key = <i32>((state >> 16) % 100);
    counts.set(key, counts.has(key) ? counts.get(key) + 1 : 1);
  }
  const keys = counts.keys();
  keys.sort((a, b) => a - b);
  console.log(counts.size.toString() + " " + keys.slice(0, 5).join(",") + " " + counts.get(42).toString());

  const values = new Float64Array(1000);
  for (let i = 0; i < values.length; i++) values[i] = <f64>((i * 7919) % 1000) / 8;
  values.sort();
  console.log(values.subarray(0, 4).join(" ") + " " + values.reduce((a, b) => a + b, <f64>0).toString());

  const set = new Set<string>();
  "the quick brown fox jumps over the lazy dog the end".split(" ").forEach((word) => words.push(word));
  for (let i = 0; i < words.length; i++) set.add(words[i].toUpperCase());
  console.log(set.values().join(" ") + " " + set.has("FOX").toString());
}

const words: string[] = [];

function strings(): void {
  const text = "Grüße, 世界 🦀";
  console.log(text + " " + text.length.toString() + " " + String.UTF8.byteLength(text).toString());
  console.log(text.replaceAll("ü", "ue").padEnd(20, ".") + text.codePointAt(11).toString(16));
  let built = "";
  for (let i = 0; i < 2000; i++) built += String.fromCharCode(97 + (i % 26));
  console.log(built.length.toString() + " " + built.substring(1990) + " " + built.lastIndexOf("abc").toString());
}

class Node {
  left: Node | null;
  right: Node | null;
}

function makeTree(depth: i32): Node {
  const node = new Node();
  if (depth > 0) {
    node.left = makeTree(depth - 1);
    node.right = makeTree(depth - 1);
  }
  return node;
}

function countNodes(node: Node | null): i32 {
  return node === null ? 0 : 1 + countNodes(node.left) + countNodes(node.right);
}

function garbage(): void {
  let nodes = 0;
  for (let i = 0; i < 60; i++) nodes += countNodes(makeTree(10));
  console.log(nodes.toString());
}

function input(): void {
  const buffer = new ArrayBuffer(4096);
  let total = 0;
  let sum: u32 = 0;
  for (;;) {
    const count = process.stdin.read(buffer);
    if (count <= 0) break;
    total += count;
    const bytes = Uint8Array.wrap(buffer, 0, count);
    for (let i = 0; i < count; i++) sum = sum * 31 + bytes[i];
  }
  console.log(total.toString() + " bytes, " + sum.toString());
}

const given = process.argv.slice(1);
console.log("arguments: " + given.join("|"));
console.log("GREETING: " + (process.env.has("GREETING") ? process.env.get("GREETING") : "(none)"));
shapes();
numbers();
collections();
strings();
garbage();
input();
if (given.length > 0 && given[0] == "abort") assert(false, "asked to abort");
process.stderr.write("done\n");
process.exit(given.length);
