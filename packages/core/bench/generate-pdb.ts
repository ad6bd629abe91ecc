/**
 * Makes a large PDB from made-up C++: classes with templates and helpers that are inlined into each other, compiled for Windows with line and
 * inline records, linked by lld. Needs clang-19 and lld-link-19 (Debian: clang-19, lld-19).
 *
 * usage: node bench/generate-pdb.ts FILE.pdb MEGABYTES
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What one source file of the sizes below adds to the PDB; measured, used to aim at a size. */
const bytesPerSource = 2_600_000;
const classesPerSource = 60;
const methodsPerClass = 12;

const header = `
typedef decltype(sizeof(0)) size_t;
namespace engine {
template <class T, int N> struct Ring {
  T items[N]; int head;
  T& at(int i) { return items[(head + i) % N]; }
  void push(T v) { at(N - 1) = v; head = (head + 1) % N; }
  template <class F> void each(F f) { for (int i = 0; i < N; i++) f(at(i)); }
};
template <class T> struct Span {
  T* first; size_t count;
  T& operator[](size_t i) { if (i >= count) __builtin_trap(); return first[i]; }
  template <class F> T fold(T start, F f) { for (size_t i = 0; i < count; i++) start = f(start, (*this)[i]); return start; }
};
inline int clamp(int v, int low, int high) { return v < low ? low : v > high ? high : v; }
}
`;

function sourceText(source: number): string {
  const out = [`#include "engine.h"`, `volatile int sink${source};`, `namespace engine { namespace module_${source % 211} {`];
  for (let c = 0; c < classesPerSource; c++) {
    const name = `Component_${source}_${c}`;
    out.push(`struct ${name}Tag { int value; int weight() { return clamp(value, ${c}, ${c + 100}); } };`);
    out.push(`struct ${name} { Ring<${name}Tag, ${4 + (c % 9)}> ring; Span<int> span; int state;`);
    for (let m = 0; m < methodsPerClass; m++) {
      out.push(`  __declspec(noinline) int method_${m}(int a, Span<${name}Tag> tags) {`);
      out.push(`    int sum = span.fold(a, [&](int x, int y) { return clamp(x + y * ${m + 2}, -state, state); });`);
      out.push(`    ring.each([&](${name}Tag& t) { sum += t.weight() ^ ${m}; });`);
      out.push(`    for (size_t i = 0; i < tags.count; i++) {`);
      out.push(`      if (tags[i].weight() > sum) sum -= ring.at(a).weight();`);
      out.push(`      else { sum += sink${source}; sink${source} = clamp(sum, ${m}, a); }`);
      out.push(`    }`);
      out.push(`    ring.push(tags[0]);`);
      out.push(m === 0 ? `    return sum;` : `    return sum + method_${m - 1}(sum, tags);`);
      out.push(`  }`);
    }
    out.push(`};`);
    out.push(`int use_${source}_${c}(${name}& it, Span<${name}Tag> tags) { return it.method_${methodsPerClass - 1}(1, tags); }`);
  }
  out.push("}}");
  return out.join("\n");
}

/** Writes a PDB of about `megabytes` MB; returns its size. */
export function generatePdb(path: string, megabytes: number): number {
  const folder = mkdtempSync(join(tmpdir(), "salvage-pdb-"));
  try {
    const sources = Math.ceil((megabytes * 1e6) / bytesPerSource);
    writeFileSync(join(folder, "engine.h"), header);
    const objects: string[] = [];
    for (let source = 0; source < sources; source++) {
      writeFileSync(join(folder, `part_${source}.cpp`), sourceText(source));
      const flags = ["-target", "x86_64-pc-windows-msvc", "-O1", "-g", "-gcodeview", "-ffunction-sections", "-fno-exceptions", "-c"];
      execFileSync("clang-19", [...flags, `part_${source}.cpp`, "-o", `part_${source}.obj`], { cwd: folder, stdio: "inherit" });
      objects.push(`part_${source}.obj`);
    }
    writeFileSync(join(folder, "main.cpp"), 'extern "C" int _fltused = 0; extern "C" int start() { return 0; }');
    execFileSync("clang-19", ["-target", "x86_64-pc-windows-msvc", "-g", "-gcodeview", "-c", "main.cpp", "-o", "main.obj"], {
      cwd: folder,
    });
    const link = ["/nodefaultlib", "/entry:start", "/subsystem:console", "/debug:full", "/opt:noref", "/force:unresolved", "/out:big.exe"];
    execFileSync("lld-link-19", [...link, `/pdb:${path}`, "main.obj", ...objects], { cwd: folder, stdio: "inherit" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return statSync(path).size;
}

if (import.meta.main) {
  const [path, megabytes] = process.argv.slice(2);
  if (path === undefined || megabytes === undefined) throw new Error("usage: node bench/generate-pdb.ts FILE.pdb MEGABYTES");
  console.log(`${path}: ${generatePdb(path, Number(megabytes))} bytes`);
}
