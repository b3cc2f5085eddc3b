// Calls functions of the modules in a folder: a line of JSON for each module.
import { readFileSync } from "node:fs";

const [folder, refuel] = process.argv.slice(2);
const view = new DataView(new ArrayBuffer(8));

function argument([type, text]) {
  const bits = BigInt(text);
  view.setBigUint64(0, bits, true);
  switch (type) {
    case "i32": return view.getInt32(0, true);
    case "i64": return bits;
    case "f32": return view.getFloat32(0, true);
    default: return view.getFloat64(0, true);
  }
}

function result(value, type) {
  view.setBigUint64(0, 0n, true);
  switch (type) {
    case "i32": view.setInt32(0, value, true); break;
    case "i64": view.setBigInt64(0, value, true); break;
    case "f32": if (Number.isNaN(value)) return "nan"; view.setFloat32(0, value, true); break;
    default: if (Number.isNaN(value)) return "nan"; view.setFloat64(0, value, true);
  }
  return view.getBigUint64(0, true).toString(16);
}

JSON.parse(readFileSync(`${folder}/work.json`)).forEach((calls, number) => {
  let answer;
  try {
    const module = new WebAssembly.Module(readFileSync(`${folder}/${number}.wasm`));
    const { exports } = new WebAssembly.Instance(module);
    answer = calls.map(([name, args, results]) => {
      try {
        exports[refuel]();
        const value = exports[name](...args.map(argument));
        const values = results.length === 1 ? [value] : results.length === 0 ? [] : [...value];
        return values.map((value, at) => result(value, results[at]));
      } catch (error) {
        const limit = !(error instanceof WebAssembly.RuntimeError) || /too large|memory/.test(error.message)
          && !/out of bounds/.test(error.message);
        return limit ? "undecided" : "trap";
      }
    });
  } catch (error) {
    answer = String(error);
  }
  console.log(JSON.stringify(answer));
});
