// Writes the file tree that a YoWASP package exports (`filesystem` of its resources module) into a
// folder: node write_tree.mjs RESOURCES.js FOLDER
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [resources, folder] = process.argv.slice(2);

function write(tree, at) {
  fs.mkdirSync(at, { recursive: true });
  for (const [name, value] of Object.entries(tree)) {
    const place = path.join(at, name);
    if (typeof value === "string" || value instanceof Uint8Array) fs.writeFileSync(place, value);
    else if (value instanceof URL) fs.copyFileSync(value, place);
    else write(value, place);
  }
}

const { filesystem } = await import(pathToFileURL(resources));
write(filesystem, folder);
