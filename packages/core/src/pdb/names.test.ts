/** Names of PDBs built by hand: each kind of record, each oddity of linkers, and that `lookup` and `visit` answer alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  end,
  fileOffset,
  functionId,
  inlinees,
  lines,
  memberId,
  namesPdb,
  proc,
  separated,
  site,
  site2,
  siteEnd,
  stringId,
  structure,
  subsection,
  type TestPdb,
  thunk,
  trampoline,
  u32,
} from "../../test/pdb-names-file.ts";
import { visitedAnswers } from "../../test/visited-answers.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { NameSource } from "../names/name-source.ts";
import { identifyPdb } from "../object/pdb-identity.ts";
import { openPdbNames } from "./names.ts";

const codeEnd = 0x2000;

/** Opens a PDB whose code lies in [0x1000, 0x2000), having compared `lookup` with `visit` at every address. */
function opened(pdb: TestPdb): NameSource {
  const bytes = namesPdb(pdb);
  const names = openPdbNames(new BufferSource(bytes));
  const visited = visitedAnswers(openPdbNames(new BufferSource(bytes)), codeEnd);
  for (let address = 0xf00; address < codeEnd; address++) {
    assert.deepEqual(names.lookup(address), visited.lookup(address), `at 0x${address.toString(16)}`);
  }
  return names;
}

/** "function file:line" of each frame. */
const at = (names: NameSource, address: number) =>
  names.lookup(address)?.map((frame) => (frame.line === null ? frame.function : `${frame.function} ${frame.file}:${frame.line}`)) ?? null;

const files = ["c:\\a.cpp", "c:\\b.h"];

/** A method with two functions inlined into each other. */
const nested: TestPdb = {
  files,
  types: [structure("ns::Box<int>")],
  ids: [functionId(0, "plain"), memberId(0x1000, "grow"), stringId("ns::detail"), functionId(0x1002, "half")],
  modules: [
    {
      symbols: [
        proc("ns::Box<int>::push", 0x10, 0x40),
        block(),
        // grow: [8, 0x20), line 100 then from 0x10 line 103; half: [0xc, 0x14) in it, line 7
        site(0x1001, 3, 8, 6, 3 << 1, 3, 8, 4, 0x10),
        site2(0x1003, 0x0c, 8, 0x0c),
        siteEnd(),
        siteEnd(),
        end(),
        site(0x1000, 5, 8, 6, 10, 3, 0x30, 4, 4),
        siteEnd(),
        end(),
      ],
      lines: [
        inlinees([0x1001, 8, 100], [0x1003, 8, 7], [0x1000, 0, 20]),
        lines(0x10, 0x40, [
          [
            0,
            [
              [0, 10],
              [8, 12],
              [0x20, 13],
            ],
          ],
        ]),
      ],
    },
  ],
  contributions: [[1, 0x10, 0x40, 0]],
};

test("functions, lines, functions inlined into each other, names from ids and types", () => {
  for (const withoutIndexOffsets of [false, true]) {
    const names = opened({ ...nested, withoutIndexOffsets });
    const push = "ns::Box<int>::push c:\\a.cpp";
    assert.equal(at(names, 0x100f), null);
    assert.deepEqual(at(names, 0x1010), [`${push}:10`]);
    assert.deepEqual(at(names, 0x1018), ["ns::Box<int>::grow c:\\b.h:100", `${push}:12`]);
    assert.deepEqual(at(names, 0x101c), ["ns::detail::half c:\\b.h:7", "ns::Box<int>::grow c:\\b.h:100", `${push}:12`]);
    assert.deepEqual(at(names, 0x1020), ["ns::detail::half c:\\b.h:7", "ns::Box<int>::grow c:\\b.h:103", `${push}:12`]);
    assert.deepEqual(at(names, 0x1024), ["ns::Box<int>::grow c:\\b.h:103", `${push}:12`]);
    assert.deepEqual(at(names, 0x1030), [`${push}:13`]);
    assert.deepEqual(at(names, 0x1040), ["plain c:\\b.h:25", `${push}:13`]);
    assert.deepEqual(at(names, 0x1044), [`${push}:13`]);
    assert.equal(at(names, 0x1050), null);
    assert.equal(names.damage.count, 0);
    assert.deepEqual([names.hasLines, names.hasInlines], [true, true]);
  }
});

/** The pieces of one inlined function, "start-end line", from its annotations. */
function pieces(...annotations: number[]): string[] {
  const names = opened({
    files,
    ids: [functionId(0, "g")],
    modules: [
      {
        symbols: [proc("f", 0, 0x800), site(0x1000, ...annotations), siteEnd(), end()],
        lines: [inlinees([0x1000, 0, 50]), lines(0, 0x800, [[0, [[0, 1]]]])],
      },
    ],
    contributions: [[1, 0, 0x800, 0]],
  });
  const out: { from: number; to: number; what: string }[] = [];
  for (let address = 0x1000; address < 0x1800; address++) {
    const frames = names.lookup(address)!;
    const what = frames.length === 2 ? `${frames[0]!.file === files[1] ? "b:" : ""}${frames[0]!.line}` : "";
    const last = out.at(-1);
    if (last?.what === what) last.to = address + 1;
    else out.push({ from: address, to: address + 1, what });
  }
  return out
    .filter(({ what }) => what !== "")
    .map(({ from, to, what }) => `${(from - 0x1000).toString(16)}-${(to - 0x1000).toString(16)} ${what}`);
}

test("annotations, step by step", () => {
  // advance to 4, for 6 bytes; then 8 on from behind those, line +2, for 3 bytes
  assert.deepEqual(pieces(3, 4, 4, 6, 11, (4 << 4) | 8, 4, 3), ["4-a 50", "12-15 52"]);
  // a piece holds to the next; the combined step states its length, and the next advances from its start
  assert.deepEqual(pieces(3, 4, 6, 5, 3, 4, 12, 5, 0x10, 12, 2, 0x10), ["4-8 50", "8-18 48", "18-1d 48", "28-2a 48"].flatMap(merge48));
  // another file, an absolute offset, numbers of two and of four bytes
  assert.deepEqual(pieces(5, 8, 1, 0x81, 0x00, 3, 0, 4, 2, 3, 0xc0, 0, 2, 0, 4, 1), ["100-102 b:50", "302-303 b:50"]);
  // what does not change pieces: spans, kind, columns; an end in the middle
  assert.deepEqual(pieces(7, 3, 8, 1, 9, 4, 10, 5, 13, 6, 3, 4, 4, 1, 0, 3, 4, 4, 1), ["4-5 50"]);
  // no such step, a number cut short
  assert.deepEqual(pieces(3, 4, 4, 1, 14, 1, 3, 9, 4, 1), ["4-5 50"]);
  assert.deepEqual(pieces(3, 4, 4, 1, 3, 0xe0), ["4-5 50"]);
});

/** Adjacent pieces of one line look like one. */
function merge48(piece: string): string[] {
  return piece === "8-18 48" ? ["8-1d 48"] : piece === "18-1d 48" ? [] : [piece];
}

test("lines: before the first record, hidden, starting together, of several files", () => {
  const names = opened({
    files,
    modules: [
      {
        symbols: [proc("first", 0, 0x20), end(), proc("second", 0x20, 0x20), end(), proc("bare", 0x40, 8), end()],
        lines: [
          lines(0, 0x40, [
            [
              0,
              [
                [4, 10],
                [0x10, 11],
                [0x10, 12],
                [0x18, 0xf00f00],
                [0x28, 20],
                [0x30, 0xfeefee],
              ],
            ],
            [8, [[0x14, 99]]],
          ]),
        ],
      },
    ],
    contributions: [[1, 0, 0x48, 0]],
  });
  assert.deepEqual(at(names, 0x1000), ["first c:\\a.cpp:10"]);
  assert.deepEqual(at(names, 0x1010), ["first c:\\a.cpp:11"]);
  assert.deepEqual(at(names, 0x1011), ["first c:\\a.cpp:12"]);
  assert.deepEqual(at(names, 0x1014), ["first c:\\b.h:99"]);
  assert.deepEqual(at(names, 0x1018), ["first c:\\b.h:99"], "a hidden record ends nothing");
  assert.deepEqual(at(names, 0x1020), ["second c:\\a.cpp:20"], "not the last line of the function before");
  assert.deepEqual(at(names, 0x103f), ["second c:\\a.cpp:20"]);
  assert.deepEqual(at(names, 0x1040), ["bare"]);
});

test("separated code belongs to its function, with lines and inlined functions of its own", () => {
  const names = opened({
    files,
    ids: [functionId(0, "g")],
    modules: [
      {
        symbols: [
          proc("hot", 0, 0x20),
          // in the first separated chunk: [4, 8)
          site(0x1000, 2, 1, 3, 4, 4, 4),
          siteEnd(),
          end(),
          separated(0x100, 0x10, 0),
          end(),
        ],
        lines: [inlinees([0x1000, 8, 5]), lines(0, 0x20, [[0, [[0, 1]]]]), lines(0x100, 0x10, [[0, [[0, 9]]]])],
      },
    ],
    contributions: [
      [1, 0, 0x20, 0],
      [1, 0x100, 0x10, 0],
    ],
  });
  assert.deepEqual(at(names, 0x1100), ["hot c:\\a.cpp:9"]);
  assert.deepEqual(at(names, 0x1104), ["g c:\\b.h:5", "hot c:\\a.cpp:9"]);
  assert.equal(names.lookup(0x1104)![0]!.functionAddress, 0x1000);
  assert.equal(at(names, 0x1110), null);
});

test("folded functions: the one whose module contributed the code is the answer, the others are given by name", () => {
  const pdb: TestPdb = {
    files,
    modules: [
      { symbols: [proc("folded::first", 0, 0x10), end(), proc("own", 0x20, 0x10), end()] },
      {
        symbols: [proc("kept", 0, 0x10), end(), proc("same_module", 0, 0x10), end()],
        lines: [lines(0, 0x10, [[0, [[0, 3]]]]), lines(0, 0x10, [[0, [[0, 4]]]])],
      },
    ],
    contributions: [
      [1, 0, 0x10, 1],
      [1, 0x20, 0x10, 0],
    ],
  };
  const names = opened(pdb);
  assert.deepEqual(at(names, 0x1000), ["kept c:\\a.cpp:3"]);
  assert.deepEqual(at(names, 0x1020), ["own"]);
  const given: string[] = [];
  const sink = { function: ({ name }: { name: Uint8Array }) => given.push(Buffer.from(name).toString()), symbol: () => {} };
  openPdbNames(new BufferSource(namesPdb(pdb))).visit(sink, () => {});
  assert.deepEqual(given, ["own", "kept", "same_module", "folded::first"]);
});

test("thunks; trampolines take the name of what they jump to", () => {
  const names = opened({
    modules: [
      { symbols: [thunk("[thunk]:f`adjustor{8}'", 0, 8), end(), proc("f", 0x10, 0x10), end()] },
      { symbols: [trampoline(0x100, 5, 0x10), trampoline(0x105, 5, 0x30), proc("behind", 0x10a, 4), end()] },
    ],
    contributions: [
      [1, 0, 0x20, 0],
      [1, 0x100, 0x10, 1],
    ],
    publics: [["?f@@YAXXZ", 0x10]],
  });
  assert.deepEqual(at(names, 0x1000), ["[thunk]:f`adjustor{8}'"]);
  assert.deepEqual(at(names, 0x1010), ["f"]);
  assert.deepEqual(at(names, 0x1102), ["?f@@YAXXZ"]);
  assert.equal(at(names, 0x1105), null, "nothing is known of the target");
  assert.deepEqual(at(names, 0x110a), ["behind"]);
  assert.equal(names.damage.count, 0);
});

test("public symbols count behind functions, within one module's code", () => {
  const modules = [{ symbols: [proc("f", 0, 0x10), end()] }, { symbols: [] }];
  const publics: [string, number][] = [
    ["?f@@YAXXZ", 0],
    ["_asm_b", 0x40],
    ["_asm_a", 0x40],
    ["_label_in_f", 8],
    ["_gap", 0x80],
  ];
  const contributions: [number, number, number, number][] = [
    [1, 0, 0x18, 0],
    [1, 0x40, 0x20, 1],
    [1, 0x90, 0x10, 1],
  ];
  for (const withoutAddressMap of [false, true]) {
    const names = opened({ modules, publics, contributions, withoutAddressMap });
    assert.deepEqual(at(names, 0x1000), ["f"]);
    assert.deepEqual(at(names, 0x1010), ["_label_in_f"]);
    assert.equal(at(names, 0x1018), null);
    assert.deepEqual(at(names, 0x105f), ["_asm_b"], "of equal addresses the first record");
    assert.equal(at(names, 0x1060), null);
    assert.deepEqual(at(names, 0x1085), ["_gap"]);
    assert.equal(at(names, 0x1090), null);
  }
  assert.deepEqual(at(opened({ modules: [], publics, contributions: "none" }), 0x1500), ["_gap"], "a stripped PDB");
});

test("public symbols of C in 32-bit x86 lose what its calling conventions add", () => {
  const spelled: [decorated: string, plain: string][] = [
    ["_cdecl", "cdecl"],
    ["__two", "_two"],
    ["_stdcall@12", "stdcall"],
    ["@fastcall@8", "fastcall"],
    ["vectorcall@@16", "vectorcall"],
    ["__Z1fi", "_Z1fi"],
    ["?f@@YGXH@Z", "?f@@YGXH@Z"],
    ["name", "name"],
    ["at@home", "at@home"],
    ["_", "_"],
    ["@8", "@8"],
    ["@@8", "@@8"],
  ];
  const publics = spelled.map(([name], i): [string, number] => [name, 16 * i]);
  const x86 = opened({ modules: [], publics, contributions: "none", machine: 0x14c });
  const amd64 = opened({ modules: [], publics, contributions: "none" });
  for (const [i, [decorated, plain]] of spelled.entries()) {
    assert.deepEqual(at(x86, 0x1000 + 16 * i), [plain]);
    assert.deepEqual(at(amd64, 0x1000 + 16 * i), [decorated]);
  }
  const given: string[] = [];
  x86.visit({ function() {}, symbol: (_address, _size, name) => given.push(String.fromCharCode(...name)) }, () => {});
  assert.deepEqual(given.sort(), spelled.map(([, plain]) => plain).sort());
});

test("a PDB without contributions: each function stands for its own", () => {
  const names = opened({ ...nested, contributions: "none" });
  assert.deepEqual(at(names, 0x1018)?.length, 2);
  assert.equal(at(names, 0x1050), null);
});

test("a deleting destructor is told from the destructor that it calls", () => {
  const names = opened({
    modules: [
      {
        symbols: [
          proc("a::Shape::~Shape", 0, 8),
          end(),
          proc("a::Shape::~Shape", 8, 8),
          end(),
          proc("Box<int>::~Box<int>", 16, 8),
          end(),
          proc("Ring<int>::~Ring", 24, 8),
          end(),
        ],
      },
    ],
    contributions: [[1, 0, 0x20, 0]],
    publics: [
      ["??1Shape@a@@UEAA@XZ", 0],
      ["??_GOther@a@@UEAAPEAXI@Z", 8],
      ["??_GShape@a@@UEAAPEAXI@Z", 8],
      ["??_E?$Box@H@@UEAAPEAXI@Z", 16],
      ["??_G?$Ring@H@@UEAAPEAXI@Z", 24],
    ],
  });
  assert.deepEqual(at(names, 0x1000), ["a::Shape::~Shape"]);
  assert.deepEqual(at(names, 0x1008), ["??_GShape@a@@UEAAPEAXI@Z"]);
  assert.deepEqual(at(names, 0x1010), ["??_E?$Box@H@@UEAAPEAXI@Z"]);
  assert.deepEqual(at(names, 0x1018), ["??_G?$Ring@H@@UEAAPEAXI@Z"]);
});

test("code that a tool moved after linking (OMAP)", () => {
  const names = opened({
    ...nested,
    originalSections: [[0x1000, 0x1000]],
    // push lies in two pieces: [0x1010, 0x101c) at 0x1800, the rest behind four added bytes; what follows it was left out
    omap: [
      [0x1000, 0],
      [0x1010, 0x1800],
      [0x101c, 0x1810],
      [0x1050, 0],
    ],
    publics: [["_gone", 0x60]],
  });
  assert.deepEqual(at(names, 0x1800), ["ns::Box<int>::push c:\\a.cpp:10"]);
  assert.deepEqual(at(names, 0x1808)?.[0], "ns::Box<int>::grow c:\\b.h:100");
  assert.deepEqual(at(names, 0x1810)?.[0], "ns::detail::half c:\\b.h:7");
  assert.equal(names.lookup(0x1830)![0]!.functionAddress, 0x1800);
  assert.equal(at(names, 0x1018), null);
  assert.equal(at(names, 0x1844), null);
});

test("functions inlined across modules by link-time code generation", () => {
  const importing = 0x80000000;
  const pdb: TestPdb = {
    files: [...files, "c:\\dir\\other.obj"],
    ids: [functionId(0, "elsewhere")],
    modules: [
      {
        symbols: [proc("f", 0, 0x10), site(importing + 1, 3, 4, 4, 4), siteEnd(), site(importing + 9, 3, 9, 4, 1), siteEnd(), end()],
        lines: [inlinees([importing + 1, 8, 77]), lines(0, 0x10, [[0, [[0, 1]]]])],
      },
      { name: "C:\\Dir\\Other.obj", symbols: [], lines: [subsection(0xf8, u32(5, 0x1003, 6, 0x1000))] },
    ],
    contributions: [[1, 0, 0x10, 0]],
  };
  pdb.modules[0]!.lines!.push(subsection(0xf7, u32(fileOffset(pdb, 2), 2, 5, 6)));
  const names = opened(pdb);
  assert.deepEqual(at(names, 0x1004), ["elsewhere c:\\b.h:77", "f c:\\a.cpp:1"]);
  assert.deepEqual(at(names, 0x1009), ["", "f c:\\a.cpp:1"], "an id that leads nowhere");
});

test("PDBs that tell no addresses are refused in words", () => {
  const open = (pdb: TestPdb) => () => openPdbNames(new BufferSource(namesPdb(pdb)));
  assert.throws(
    open({ ...nested, sections: [] }),
    (error: unknown) => error instanceof FormatError && /no section headers/.test(error.message),
  );
});

test("verdicts: what a PDB has, and in words what it lacks", () => {
  const verdict = (pdb: Partial<TestPdb>) => {
    const { features, convertible, lacks } = identifyPdb(new BufferSource(namesPdb({ modules: [], contributions: "none", ...pdb })));
    return [features.join(), convertible, lacks.join().split(":")[0]];
  };
  const publics: [string, number][] = [["_f", 0]];
  assert.deepEqual(verdict(nested), ["lines,inlines", true, ""]);
  assert.deepEqual(verdict({ ...nested, publics }), ["symbols,lines,inlines", true, ""]);
  assert.deepEqual(verdict({ publics, flags: 2 }), ["symbols", true, "functions and lines"]);
  assert.deepEqual(verdict({ publics, marks: [20140508, 0x494e494d] }), ["symbols", true, "functions and lines"]);
  assert.deepEqual(verdict({ publics, modules: [{ symbols: [] }] }), ["symbols", true, "lines"]);
  assert.deepEqual(verdict({ publics, sections: [] }), ["", false, "section headers"]);
  const lacking = (pdb: Partial<TestPdb>) =>
    identifyPdb(new BufferSource(namesPdb({ modules: [], contributions: "none", publics, ...pdb }))).lacks.join();
  assert.match(lacking({ flags: 2 }), /\/PDBSTRIPPED/);
  assert.match(lacking({ marks: [0x494e494d] }), /\/DEBUG:FASTLINK/);
});
