// Counts the lines and words of standard input: the WASI shim has no files.
const chunk = new ArrayBuffer(4096);
let lines = 0;
let words = 0;
let inside = false;
for (;;) {
  const size = <i32>process.stdin.read(chunk);
  if (size <= 0) break;
  const bytes = Uint8Array.wrap(chunk, 0, size);
  for (let i = 0; i < size; i++) {
    const c = bytes[i];
    const isSpace = c == 32 || (c >= 9 && c <= 13);
    if (c == 10) lines++;
    if (!isSpace && !inside) words++;
    inside = !isSpace;
  }
}
process.stdout.write(`${lines} lines, ${words} words\n`);
