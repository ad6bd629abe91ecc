/**
 * Writes a large .sym of made-up functions with lines, inlined functions and STACK CFI, in the proportions of a real C++ program: about 40
 * line records and 6 inline records a function, names of 20 to 200 characters, two thirds of the CFI records of the usual prologue forms.
 *
 * usage: node bench/generate-sym.ts FILE MEGABYTES
 */
import { closeSync, openSync, writeSync } from "node:fs";

/** Bytes one function takes in the file, with its CFI; measured, used to aim at a size. */
const bytesPerFunction = 1310;

/** Writes about `megabytes` MB to `path`; returns how many functions. The same arguments give the same bytes. */
export function generateSym(path: string, megabytes: number): number {
  const functions = Math.ceil((megabytes * 1e6) / bytesPerFunction);
  const files = Math.max(10, Math.ceil(functions / 20));
  const origins = Math.max(10, Math.ceil(functions / 3));
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const fd = openSync(path, "w");
  let pending: string[] = [];
  let pendingLength = 0;
  const line = (text: string) => {
    pending.push(text);
    pendingLength += text.length;
    if (pendingLength > 1 << 20) flush();
  };
  const flush = () => {
    if (pending.length > 0) writeSync(fd, `${pending.join("\n")}\n`);
    pending = [];
    pendingLength = 0;
  };
  const name = (n: number) =>
    `engine::module${n % 211}::Class${n % 5003}<std::vector<int>>::${"longer_".repeat(n % 7)}method_${n}(std::string const&, int) const`;
  line("MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 large_program");
  line("INFO CODE_ID 67452301AB89EFCD0123456789ABCDEF01234567");
  for (let i = 0; i < files; i++) line(`FILE ${i} /build/source/engine/module${i % 211}/some_directory/file_${i}.cc`);
  for (let i = 0; i < origins; i++) line(`INLINE_ORIGIN ${i} ${name(functions + i)}`);
  // dump_syms numbers files and origins by first use: neighbours use neighbouring numbers, and everybody a few hundred headers.
  const nearFile = (i: number) => (random(4) === 0 ? random(Math.min(files, 300)) : Math.min(files - 1, Math.floor(i / 20)));
  const nearOrigin = (i: number) =>
    random(4) === 0 ? random(Math.min(origins, 300)) : Math.min(origins - 1, Math.floor(i / 3) + random(40));
  let address = 0x1000;
  const starts: number[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < functions; i++) {
    const lines = 10 + random(60);
    const size = lines * 8;
    starts.push(address);
    sizes.push(size);
    line(`FUNC ${address.toString(16)} ${size.toString(16)} 0 ${name(i)}`);
    for (let k = random(6); k >= 0; k--) {
      const at = random(lines);
      const length = 1 + random(Math.min(8, lines - at));
      line(`INLINE 0 ${random(3000)} ${nearFile(i)} ${nearOrigin(i)} ${(address + at * 8).toString(16)} ${(length * 8).toString(16)}`);
      if (random(2) === 0) line(`INLINE 1 ${random(3000)} ${nearFile(i)} ${nearOrigin(i)} ${(address + at * 8).toString(16)} 8`);
    }
    for (let k = 0; k < lines; k++) line(`${(address + k * 8).toString(16)} 8 ${1 + random(4000)} ${nearFile(i)}`);
    address += size + random(16);
  }
  for (let i = 0; i < functions; i += 1) {
    const start = starts[i]!;
    line(`STACK CFI INIT ${start.toString(16)} ${sizes[i]!.toString(16)} .cfa: $rsp 8 + .ra: .cfa -8 + ^`);
    line(`STACK CFI ${(start + 1).toString(16)} $rbx: .cfa -16 + ^ .cfa: $rsp 16 +`);
    line(`STACK CFI ${(start + 5).toString(16)} .cfa: $rsp ${32 + 8 * random(40)} +`);
    line(`STACK CFI ${(start + sizes[i]! - 6).toString(16)} .cfa: $rsp 8 +`);
  }
  flush();
  closeSync(fd);
  return functions;
}

if (import.meta.main) {
  const [path, megabytes] = process.argv.slice(2);
  if (path === undefined || megabytes === undefined) throw new Error("usage: node bench/generate-sym.ts FILE MEGABYTES");
  console.log(`${generateSym(path, Number(megabytes))} functions`);
}
