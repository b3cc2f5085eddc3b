// AssemblyScript under its own runtime: classes and a garbage collector, arrays, maps, strings,
// typed arrays and floating-point loops. Prints one line with a checksum.

class Body {
  constructor(public x: f64, public y: f64, public vx: f64, public vy: f64, public mass: f64) {}
}

let state: u32 = 2463534242;
function random(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

let checksum: u64 = 0xcbf29ce484222325;
function mix(value: u64): void {
  checksum = (checksum ^ value) * 0x100000001b3;
}

function bodies(steps: i32): void {
  const all = new Array<Body>();
  for (let i = 0; i < 40; i++) {
    all.push(new Body(<f64>(random() % 1000), <f64>(random() % 1000), 0, 0, <f64>(1 + (random() % 9))));
  }
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < all.length; i++) {
      const body = all[i];
      for (let j = 0; j < all.length; j++) {
        if (i == j) continue;
        const other = all[j];
        const dx = other.x - body.x, dy = other.y - body.y;
        const square = dx * dx + dy * dy + 1;
        const force = other.mass / (square * Math.sqrt(square));
        body.vx += dx * force;
        body.vy += dy * force;
      }
    }
    for (let i = 0; i < all.length; i++) {
      all[i].x += all[i].vx;
      all[i].y += all[i].vy;
    }
  }
  for (let i = 0; i < all.length; i++) mix(reinterpret<u64>(all[i].x));
}

function words(count: i32): void {
  const counts = new Map<string, i32>();
  for (let i = 0; i < count; i++) {
    const word = "word" + (random() % 3000).toString();
    counts.set(word, (counts.has(word) ? counts.get(word) : 0) + 1);
  }
  const keys = counts.keys().sort();
  for (let i = 0; i < keys.length; i += 17) {
    mix(<u64>counts.get(keys[i]));
    mix(<u64>keys[i].charCodeAt(keys[i].length - 1));
  }
}

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
  constructor(public key: u32) {}
}

function trees(count: i32): void {
  let root: Tree | null = null;
  for (let i = 0; i < count; i++) {
    const node = new Tree(random());
    if (!root) {
      root = node;
      continue;
    }
    let at = root;
    while (true) {
      const next = node.key < at.key ? at.left : at.right;
      if (!next) break;
      at = next;
    }
    if (node.key < at.key) at.left = node;
    else at.right = node;
    mix(<u64>at.key);
  }
}

function bytes(rounds: i32): void {
  const data = new Uint8Array(1 << 16);
  for (let round = 0; round < rounds; round++) {
    let sum: u32 = 1, second: u32 = 0;
    for (let i = 0; i < data.length; i++) {
      data[i] = <u8>(data[i] * 5 + i + round);
      sum = (sum + data[i]) % 65521;
      second = (second + sum) % 65521;
    }
    mix(<u64>((second << 16) | sum));
  }
}

for (let round = 0; round < 10; round++) {
  bodies(300);
  words(60000);
  trees(30000);
  bytes(60);
}
console.log("collections " + checksum.toString(16));
