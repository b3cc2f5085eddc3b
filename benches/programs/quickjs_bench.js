// What an interpreter of JavaScript does all day: property access, closures, classes, strings,
// arrays, maps, regular expressions, exceptions. `scriptArgs[0]` is how often.

class Vector {
    constructor(x, y, z) { this.x = x; this.y = y; this.z = z; }
    plus(other) { return new Vector(this.x + other.x, this.y + other.y, this.z + other.z); }
    times(factor) { return new Vector(this.x * factor, this.y * factor, this.z * factor); }
    dot(other) { return this.x * other.x + this.y * other.y + this.z * other.z; }
}

let seed = 12345;
function random() {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed >>> 8;
}

function vectors() {
    let sum = new Vector(0, 0, 0);
    for (let i = 0; i < 12000; i++) {
        const vector = new Vector(random() % 100, random() % 100, random() % 100);
        sum = sum.plus(vector.times(0.5));
    }
    return sum.dot(new Vector(1, 2, 3));
}

function words() {
    const counts = new Map();
    let text = "";
    for (let i = 0; i < 4000; i++) text += "w" + (random() % 500).toString(36) + (i % 11 ? " " : ".\n");
    for (const match of text.matchAll(/w([0-9a-z]+)[ .]/g)) {
        counts.set(match[1], (counts.get(match[1]) ?? 0) + 1);
    }
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return sorted.slice(0, 5).map(([word, count]) => `${word}=${count}`).join(" ");
}

function queens(n) {
    let solutions = 0;
    const place = (row, columns, left, right) => {
        if (row === n) { solutions++; return; }
        for (let free = ~(columns | left | right) & ((1 << n) - 1); free; free &= free - 1) {
            const bit = free & -free;
            place(row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
        }
    };
    place(0, 0, 0, 0);
    return solutions;
}

function json() {
    const data = Array.from({ length: 300 }, (_, i) => ({
        id: i, name: "item " + i, tags: ["a", "b", String(random() % 10)], price: (random() % 1000) / 4,
    }));
    const copy = JSON.parse(JSON.stringify(data));
    return copy.filter((item) => item.tags[2] < "5").reduce((sum, item) => sum + item.price, 0);
}

function* primes(limit) {
    const composite = new Uint8Array(limit);
    for (let i = 2; i < limit; i++) {
        if (composite[i]) continue;
        yield i;
        for (let j = i * i; j < limit; j += i) composite[j] = 1;
    }
}

function exceptions() {
    let caught = 0;
    for (let i = 0; i < 2000; i++) {
        try {
            if (i % 3 === 0) throw new Error("number " + i);
        } catch (error) {
            caught += error.message.length;
        }
    }
    return caught;
}

for (let round = 0; round < Number(scriptArgs[0] ?? 1); round++) {
    let last = 0;
    for (const prime of primes(20000)) last += prime;
    print(vectors(), words(), queens(7), json(), last, exceptions());
}
