/** Names from DWARF built in the test: every version, size and byte order, forms, ranges, lines, inlines, companions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Attribute as A, Form as F, Tag as T, UnitType } from "../src/dwarf/constants.ts";
import { type DwarfNames, openDwarfNames } from "../src/dwarf/names.ts";
import type { DwarfSections } from "../src/dwarf/sections.ts";
import { openDwp } from "../src/dwarf/split.ts";
import type { AttributeSpec, Entry } from "./dwarf-builder.ts";
import { type BuilderOptions, Bytes, DwarfBuilder } from "./dwarf-builder.ts";
import { visitedAnswers } from "./visited-answers.ts";

type Frame = readonly [name: string, file: string | null, line: number | null];

function frames(names: DwarfNames, address: number): Frame[] | null {
  return names.lookup(address)?.map((frame) => [frame.function, frame.file, frame.line]) ?? null;
}

const functionNames = (names: DwarfNames, address: number) => names.lookup(address)?.map((frame) => frame.function) ?? null;

const code = (start: number, size: number): AttributeSpec[] => [
  [A.lowPc, F.addr, start],
  [A.highPc, F.data4, size],
];

const named = (name: string): AttributeSpec => [A.name, F.string, name];

const unitOf = (children: readonly Entry[], attributes: readonly AttributeSpec[] = [], language = 4): Entry => [
  T.compileUnit,
  [[A.language, F.data1, language], ...attributes],
  children,
];

/** The functions of one unit of C++, DWARF 4. */
function open(
  children: readonly Entry[],
  attributes: readonly AttributeSpec[] = code(0x1000, 0x1000),
  options: BuilderOptions = {},
): DwarfNames {
  const builder = new DwarfBuilder(options);
  builder.unit(unitOf(children, attributes));
  return openDwarfNames(builder.sections());
}

/** A program with a function, a call inlined into it and one into that, and their lines. */
function program(options: BuilderOptions): DwarfSections {
  const builder = new DwarfBuilder(options);
  const isNew = builder.version >= 5;
  const base = Number(options.imageBase ?? 0n);
  const directories = isNew ? ["/build", "/usr/include"] : ["/usr/include"];
  const files = isNew
    ? ([
        ["main.c", 0],
        ["main.c", 0],
        ["box.h", 1],
      ] as const)
    : ([
        ["main.c", 0],
        ["box.h", 1],
      ] as const);
  const lines = builder.lines(
    files,
    directories,
    builder.sequence(
      [
        [0x1000, 10],
        [0x1010, 99, 2],
        [0x1018, 7, 2],
        [0x1020, 12, 1],
      ],
      0x1040,
    ),
  );
  const offset = builder.version >= 4 ? F.secOffset : F.data4;
  const statements: AttributeSpec = [A.statementList, builder.offsetBytes === 8 && offset === F.data4 ? F.data8 : offset, lines];
  const high = (size: number, start: number): AttributeSpec =>
    builder.version >= 4 ? [A.highPc, F.udata, size] : [A.highPc, F.addr, base + start + size];
  const at = (start: number, size: number): AttributeSpec[] => [[A.lowPc, F.addr, BigInt(base) + BigInt(start)], high(size, start)];
  builder.unit([
    T.compileUnit,
    [[A.language, F.data1, 4], named("main.c"), [A.compDir, F.strp, "/build"], statements, ...at(0x1000, 0x40)],
    [
      [T.subprogram, [named("inner"), [A.linkageName, F.strp, "_ZN3geo5innerEv"]], [], "inner"],
      [T.subprogram, [named("outer"), [A.linkageName, F.strp, "_ZN3geo5outerEv"]], [], "outer"],
      [
        T.subprogram,
        [[A.linkageName, F.strp, "_Z4mainv"], [0x27, F.flag, 1], ...at(0x1000, 0x40)],
        [
          [
            T.lexicalBlock,
            [],
            [
              [
                T.inlinedSubroutine,
                [[A.abstractOrigin, F.ref4, { label: "outer" }], ...at(0x1010, 0x10), [A.callFile, F.data1, 1], [A.callLine, F.data2, 11]],
                [
                  [
                    T.inlinedSubroutine,
                    [
                      [A.abstractOrigin, F.refAddr, { label: "inner" }],
                      ...at(0x1018, 4),
                      [A.callFile, F.data1, 2],
                      [A.callLine, F.data1, 98],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ],
  ]);
  return builder.sections();
}

const shapes: readonly BuilderOptions[] = [
  {},
  { offsetBytes: 8 },
  { addressBytes: 4 },
  { littleEndian: false },
  { imageBase: 0x140000000n },
];

function checkProgram(names: DwarfNames): void {
  assert.deepEqual(frames(names, 0x1000), [["_Z4mainv", "/build/main.c", 10]]);
  assert.deepEqual(frames(names, 0x1010), [
    ["_ZN3geo5outerEv", "/usr/include/box.h", 99],
    ["_Z4mainv", "/build/main.c", 11],
  ]);
  assert.deepEqual(frames(names, 0x101b), [
    ["_ZN3geo5innerEv", "/usr/include/box.h", 7],
    ["_ZN3geo5outerEv", "/usr/include/box.h", 98],
    ["_Z4mainv", "/build/main.c", 11],
  ]);
  assert.deepEqual(frames(names, 0x103f), [["_Z4mainv", "/build/main.c", 12]]);
  assert.equal(names.lookup(0x1040), null);
  assert.equal(names.lookup(0xfff), null);
  assert.equal(names.damage.count, 0);
}

for (const version of [2, 3, 4, 5]) {
  for (const options of shapes) {
    test(`DWARF ${version}, ${Object.entries(options).map(String).join() || "as usual"}`, () =>
      checkProgram(openDwarfNames(program({ version, ...options }))));
  }
}

test("a kernel's addresses, which use all 64 bits, stay exact", () => {
  for (const version of [4, 5]) checkProgram(openDwarfNames(program({ version, imageBase: 0xffffffff80000000n })));
  const builder = new DwarfBuilder({ imageBase: 0xffffffff80000000n });
  const ranges = builder.section("ranges");
  for (const value of [0xffffffff80001000n, 0xffffffff80001010n, 0n, 0n]) ranges.uint(value, 8);
  builder.unit(
    unitOf(
      [[T.subprogram, [named("boot"), [A.ranges, F.secOffset, 0]]]],
      [
        [A.lowPc, F.addr, 0],
        [A.ranges, F.secOffset, 0],
      ],
    ),
  );
  assert.deepEqual(functionNames(openDwarfNames(builder.sections()), 0x100f), ["boot"]);
});

test("a lookup file made by visit would give the same answers", () => {
  for (const version of [2, 4, 5]) {
    const names = openDwarfNames(program({ version }));
    const visited = visitedAnswers(names, 0x1100);
    for (let address = 0xff0; address < 0x1100; address++) assert.deepEqual(visited.lookup(address), names.lookup(address));
  }
});

test("paths: absolute names stay, directories follow the unit's own, drive letters count as absolute, nothing is normalised", () => {
  const cases: [version: number, directories: string[], file: [string, number], want: string][] = [
    [4, ["/inc"], ["/abs/a.c", 1], "/abs/a.c"],
    [4, ["inc"], ["a.h", 1], "/comp/inc/a.h"],
    [4, ["/inc/"], ["a.h", 1], "/inc/a.h"],
    [4, [], ["./x/../a.h", 0], "/comp/./x/../a.h"],
    [4, ["C:\\inc"], ["a.h", 1], "C:\\inc/a.h"],
    [4, ["inc"], ["D:/a.h", 1], "D:/a.h"],
    [4, ["inc"], ["a.h", 9], "/comp/a.h"],
    [5, ["/comp", "sub"], ["a.h", 1], "/comp/sub/a.h"],
    [5, ["/other"], ["a.h", 0], "/other/a.h"],
  ];
  for (const [version, directories, file, want] of cases) {
    const builder = new DwarfBuilder({ version });
    const files = version === 5 ? [["main", 0] as const, file] : [file];
    const lines = builder.lines(files, directories, builder.sequence([[0x1000, 5]], 0x1010));
    builder.unit(
      unitOf(
        [[T.subprogram, [named("f"), ...code(0x1000, 0x10)]]],
        [[A.compDir, F.string, "/comp"], [A.statementList, F.secOffset, lines], ...code(0x1000, 0x10)],
      ),
    );
    assert.deepEqual(frames(openDwarfNames(builder.sections()), 0x1000), [["f", want, 5]]);
  }
});

test("line programs: special opcodes, constant and fixed advances, unknown opcodes, files defined late, sequences out of order", () => {
  const builder = new DwarfBuilder();
  const lines = builder.lines([["a.c", 0]], [], (bytes) => {
    builder.sequence([[0x1020, 50]], 0x1030)(bytes);
    builder.setAddress(bytes, 0x1000);
    // Line 6: base -5 and 14 lines a step, so (4 * 14 + 10) advances 4 and 5.
    bytes.uint(13 + 4 * 14 + 10, 1);
    // const_add_pc: (255 - 13) / 14 = 17; copy at 0x1015.
    bytes.raw([8, 1]);
    bytes.raw([0, 3, 0x80, 1, 2]);
    bytes.raw([0, 1 + 7, 3, 0x62, 0x2e, 0x68, 0, 0, 0, 0]).raw([4, 2]);
    bytes.raw([9]).uint(3, 2).raw([3]).sleb(-2).raw([1]);
    bytes.raw([2]).uleb(4).raw([0, 1, 1]);
  });
  builder.unit(
    unitOf([[T.subprogram, [named("f"), ...code(0x1000, 0x30)]]], [[A.statementList, F.secOffset, lines], ...code(0x1000, 0x30)]),
  );
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(frames(names, 0x1004), [["f", "a.c", 6]]);
  assert.deepEqual(frames(names, 0x1014), [["f", "a.c", 6]]);
  assert.deepEqual(frames(names, 0x1018), [["f", "b.h", 4]]);
  assert.deepEqual(frames(names, 0x101b), [["f", "b.h", 4]]);
  assert.deepEqual(frames(names, 0x101c), [["f", null, null]]);
  assert.deepEqual(frames(names, 0x102f), [["f", "a.c", 50]]);
  assert.equal(names.damage.count, 0);
});

test("of rows with one address the last counts; line 0 is no line", () => {
  const builder = new DwarfBuilder();
  const lines = builder.lines(
    [["a.c", 0]],
    [],
    builder.sequence(
      [
        [0x1000, 3],
        [0x1000, 4],
        [0x1008, 0],
      ],
      0x1010,
    ),
  );
  builder.unit(
    unitOf([[T.subprogram, [named("f"), ...code(0x1000, 0x10)]]], [[A.statementList, F.secOffset, lines], ...code(0x1000, 0x10)]),
  );
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(frames(names, 0x1000), [["f", "a.c", 4]]);
  assert.deepEqual(frames(names, 0x1008), [["f", "a.c", null]]);
});

test("code with lines and without a function has no name", () => {
  const builder = new DwarfBuilder();
  const lines = builder.lines(
    [["a.s", 0]],
    [],
    builder.sequence(
      [
        [0x1000, 3],
        [0x1010, 9],
      ],
      0x1020,
    ),
  );
  builder.unit(unitOf([[T.subprogram, [named("f"), ...code(0x1008, 4)]]], [[A.statementList, F.secOffset, lines], ...code(0x1000, 0x18)]));
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(frames(names, 0x1000), [["", "a.s", 3]]);
  assert.deepEqual(frames(names, 0x1009), [["f", "a.s", 3]]);
  assert.deepEqual(frames(names, 0x1017), [["", "a.s", 9]]);
  assert.equal(names.lookup(0x1018), null, "outside its unit");
});

test("a function in two parts, by .debug_ranges with a base, and by every kind of .debug_rnglists entry", () => {
  const old = new DwarfBuilder();
  const ranges = old.section("ranges");
  for (const value of [-1n, 0x3000, 0x10, 0x20, 0x5, 0x5, -2n, -2n, 0, 0]) ranges.uint(value, 8);
  old.unit(
    unitOf(
      [[T.subprogram, [named("hot"), [A.ranges, F.secOffset, 0]]]],
      [
        [A.ranges, F.secOffset, 0],
        [A.lowPc, F.addr, 0],
      ],
    ),
  );
  const names = openDwarfNames(old.sections());
  assert.deepEqual(functionNames(names, 0x3010), ["hot"]);
  assert.equal(names.lookup(0x3020), null);

  const kinds: [write: (bytes: Bytes) => void, start: number][] = [
    [(bytes) => bytes.uint(1, 1).uleb(1).uint(4, 1).uleb(0x10).uleb(0x20), 0x2010],
    [(bytes) => bytes.uint(2, 1).uleb(0).uleb(1), 0x1800],
    [(bytes) => bytes.uint(3, 1).uleb(0).uleb(0x10), 0x1800],
    [(bytes) => bytes.uint(4, 1).uleb(0x10).uleb(0x20), 0x1010],
    [(bytes) => bytes.uint(5, 1).uint(0x3000, 8).uint(4, 1).uleb(0x10).uleb(0x20), 0x3010],
    [(bytes) => bytes.uint(6, 1).uint(0x3010, 8).uint(0x3020, 8), 0x3010],
    [(bytes) => bytes.uint(7, 1).uint(0x3010, 8).uleb(0x10), 0x3010],
  ];
  for (const [write, start] of kinds) {
    for (const form of [F.secOffset, F.rnglistx]) {
      const builder = new DwarfBuilder({ version: 5 });
      builder.section("addr").uint(0, 8).uint(0x1800, 8).uint(0x2000, 8);
      const lists = builder.section("rnglists");
      const finish = builder.length(lists);
      lists.uint(5, 2).uint(8, 1).uint(0, 1).uint(1, 4).uint(4, 4);
      write(lists);
      // A cold part as well.
      lists.uint(7, 1).uint(0x4000, 8).uleb(8).uint(0, 1);
      finish();
      const place: AttributeSpec = [A.ranges, form, form === F.rnglistx ? 0 : 16];
      builder.unit(
        unitOf(
          [[T.subprogram, [named("f"), place]]],
          [[A.lowPc, F.addr, 0x1000], [A.addrBase, F.secOffset, 8], [A.rnglistsBase, F.secOffset, 12], place],
        ),
      );
      const opened = openDwarfNames(builder.sections());
      assert.deepEqual(opened.lookup(start)?.[0]?.functionAddress, start);
      assert.deepEqual(opened.lookup(0x4007)?.[0]?.functionAddress, start);
      assert.equal(opened.damage.count, 0);
    }
  }
});

test("what linkers leave of dropped functions is not found", () => {
  const dead: [low: number | bigint, size: number][] = [
    [0, 0x20],
    [1, 0x20],
    [0x20, 8],
    [-1n, 0x20],
    [-2n, 0x20],
    [0xffffffffn, 1],
    [0x1000, 0],
    [0x20000, 4],
  ];
  const children = dead.map(
    ([low, size], i): Entry => [T.subprogram, [named(`dead${i}`), [A.lowPc, F.addr, low], [A.highPc, F.data4, size]]],
  );
  const names = open([...children, [T.subprogram, [named("alive"), ...code(0x1000, 0x10)]]]);
  const seen: string[] = [];
  names.visit({ function: (block) => seen.push(Buffer.from(block.name).toString()), symbol() {} }, () => {});
  assert.deepEqual(seen, ["alive"]);
  const raw = open(
    [
      [T.subprogram, [named("dead"), ...code(0, 0x10)]],
      [T.subprogram, [named("alive"), ...code(0x10, 0x10)]],
    ],
    code(0x10, 0x10),
    { codeRanges: null },
  );
  assert.equal(raw.lookup(4), null);
  assert.deepEqual(functionNames(raw, 0x14), ["alive"]);
});

test("folded functions: the first given answers, all are visited", () => {
  const names = open([
    [T.subprogram, [named("first"), ...code(0x1000, 0x10)]],
    [T.subprogram, [named("second"), ...code(0x1000, 0x10)]],
  ]);
  assert.deepEqual(functionNames(names, 0x1004), ["first"]);
  let count = 0;
  names.visit({ function: () => count++, symbol() {} }, () => {});
  assert.equal(count, 2);
});

test("names from scopes, where there is no linkage name", () => {
  const method: Entry = [T.subprogram, [named("area"), [A.declaration, F.flagPresent, 1]], [], "area"];
  const children: Entry[] = [
    [
      T.namespace,
      [named("geo")],
      [
        [T.namespace, [], [[T.subprogram, [named("hidden"), ...code(0x1000, 8)]]]],
        [T.classType, [named("Box<int>")], [method]],
        [T.structureType, [], [[T.subprogram, [named("loose"), [A.declaration, F.flagPresent, 1]], [], "loose"]]],
        [
          T.subprogram,
          [named("outer"), ...code(0x1030, 8)],
          [[T.structureType, [named("Local")], [[T.subprogram, [named("go"), ...code(0x1038, 8)]]]]],
        ],
      ],
    ],
    [T.subprogram, [[A.specification, F.ref4, { label: "area" }], ...code(0x1010, 8)]],
    [T.subprogram, [[A.specification, F.ref4, { label: "loose" }], ...code(0x1020, 8)]],
  ];
  const want: [number, string][] = [
    [0x1000, "geo::(anonymous namespace)::hidden"],
    [0x1010, "geo::Box<int>::area"],
    [0x1020, "geo::(anonymous)::loose"],
    [0x1030, "geo::outer"],
    [0x1038, "geo::outer::Local::go"],
  ];
  const names = open(children);
  for (const [address, name] of want) assert.deepEqual(functionNames(names, address), [name]);
  // C has no scopes: a nested function is called by its name.
  const builder = new DwarfBuilder();
  builder.unit(
    unitOf(
      [[T.subprogram, [named("outer"), ...code(0x1000, 0x10)], [[T.subprogram, [named("nested"), ...code(0x1010, 8)]]]]],
      code(0x1000, 0x100),
      0x0c,
    ),
  );
  assert.deepEqual(functionNames(openDwarfNames(builder.sections()), 0x1010), ["nested"]);
});

test("calls inlined into a nested function are its own, not the outer's", () => {
  const inlined = (start: number): Entry => [T.inlinedSubroutine, [[A.abstractOrigin, F.ref4, { label: "i" }], ...code(start, 4)]];
  const names = open(
    [
      [T.subprogram, [[A.linkageName, F.string, "i"]], [], "i"],
      [
        T.subprogram,
        [named("outer"), ...code(0x1000, 0x10)],
        [inlined(0x1000), [T.subprogram, [named("nested"), ...code(0x1010, 0x10)], [inlined(0x1010)]], inlined(0x1008)],
      ],
    ],
    undefined,
    {},
  );
  assert.deepEqual(functionNames(names, 0x1001), ["i", "outer"]);
  assert.deepEqual(functionNames(names, 0x1009), ["i", "outer"]);
  assert.deepEqual(functionNames(names, 0x1011), ["i", "outer::nested"]);
  assert.deepEqual(functionNames(names, 0x1018), ["outer::nested"]);
});

test("units without entries, and with a null entry alone, are no damage", () => {
  for (const version of [2, 4, 5]) {
    for (const body of [[], [0], [0, 0, 0]]) {
      const builder = new DwarfBuilder({ version });
      const info = builder.section("info");
      const finish = builder.length(info);
      info.uint(version, 2);
      if (version >= 5) info.uint(UnitType.compile, 1).uint(8, 1).uint(0, 4);
      else info.uint(0, 4).uint(8, 1);
      info.raw(body);
      finish();
      builder.unit(unitOf([[T.subprogram, [named("f"), ...code(0x1000, 8)]]], code(0x1000, 8)));
      const names = openDwarfNames(builder.sections());
      assert.deepEqual(functionNames(names, 0x1000), ["f"]);
      assert.deepEqual(visitedAnswers(names, 0x1010).lookup(0x1000), names.lookup(0x1000));
      assert.deepEqual(names.damage.first, [], `DWARF ${version}, ${body.length} bytes`);
    }
  }
});

test("a call without code, or with too little, has that of the calls inside it", () => {
  const origin = (name: string): Entry => [T.subprogram, [[A.linkageName, F.string, name]], [], name];
  const call = (name: string, range: [number, number] | null, children: Entry[] = []): Entry => {
    const attributes: AttributeSpec[] = [
      [A.abstractOrigin, F.ref4, { label: name }],
      [A.callLine, F.data1, 7],
    ];
    // As DWARF 2 has it: the end is an address.
    if (range !== null) attributes.push([A.lowPc, F.addr, range[0]], [A.highPc, F.addr, range[1]]);
    return [T.inlinedSubroutine, attributes, children];
  };
  const names = open(
    [
      origin("bare"),
      origin("narrow"),
      origin("inner"),
      [
        T.subprogram,
        [named("outer"), [A.lowPc, F.addr, 0x1000], [A.highPc, F.addr, 0x1100]],
        [
          call("bare", null, [call("inner", [0x1010, 0x1018]), call("inner", [0x1020, 0x1028])]),
          call(
            "narrow",
            [0x1040, 0x1048],
            [call("bare", [0x1050, 0x1050], [call("inner", [0x1050, 0x1058])]), call("inner", [0x1042, 0x1044])],
          ),
          call("inner", [0x1060, 0x1068]),
        ],
      ],
    ],
    code(0x1000, 0x100),
    { version: 2 },
  );
  const expected: [address: number, functions: string[]][] = [
    [0x1010, ["inner", "bare", "outer"]],
    [0x1018, ["outer"]],
    [0x1027, ["inner", "bare", "outer"]],
    [0x1041, ["narrow", "outer"]],
    [0x1042, ["inner", "narrow", "outer"]],
    [0x1050, ["inner", "bare", "narrow", "outer"]],
    [0x1060, ["inner", "outer"]],
  ];
  const visited = visitedAnswers(names, 0x1100);
  for (const [address, functions] of expected) {
    assert.deepEqual(functionNames(names, address), functions, address.toString(16));
    assert.deepEqual(visited.lookup(address), names.lookup(address));
  }
});

test("an entry may refer into another unit, and into a type unit by signature", () => {
  const builder = new DwarfBuilder();
  builder.unit(unitOf([[T.subprogram, [[A.linkageName, F.string, "_Z5otherv"]], [], "other"]]));
  builder.unit(
    [T.compileUnit, [[A.language, F.data1, 4]], [[T.structureType, [named("Shape")], [[T.subprogram, [named("area")]]], "type"]]],
    UnitType.type,
    77n,
    "types",
  );
  builder.unit(
    unitOf(
      [
        [T.subprogram, [[A.abstractOrigin, F.refAddr, { label: "other" }], ...code(0x1000, 0x10)]],
        [T.subprogram, [[A.specification, F.refSig8, 77n], ...code(0x1010, 0x10)]],
      ],
      code(0x1000, 0x100),
    ),
  );
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(functionNames(names, 0x1000), ["_Z5otherv"]);
  assert.deepEqual(functionNames(names, 0x1010), ["Shape"]);
});

test("strings and origins in a supplementary file; without it, its absence is told", () => {
  const alt = new DwarfBuilder();
  alt.unit([T.partialUnit, [[A.language, F.data1, 4]], [[T.subprogram, [[A.linkageName, F.strp, "_Z3altv"]], [], "alt"]]]);
  const supplementary = alt.sections();
  const at = alt.labels.get("alt")!.offset;
  const builder = new DwarfBuilder();
  builder.unit(
    unitOf(
      [
        [T.subprogram, [[A.linkageName, F.gnuStrpAlt, 0], ...code(0x1000, 8)]],
        [
          T.subprogram,
          [named("f"), ...code(0x1010, 8)],
          [[T.inlinedSubroutine, [[A.abstractOrigin, F.gnuRefAlt, at], ...code(0x1010, 4)]]],
        ],
      ],
      code(0x1000, 0x100),
    ),
  );
  const names = openDwarfNames(builder.sections(), { supplementary });
  assert.deepEqual(functionNames(names, 0x1000), ["_Z3altv"]);
  assert.deepEqual(functionNames(names, 0x1010), ["_Z3altv", "f"]);
  assert.deepEqual(names.needs(), []);
  const alone = openDwarfNames(builder.sections());
  assert.deepEqual(functionNames(alone, 0x1010), ["", "f"]);
  assert.match(alone.needs().join(), /supplementary file/);
});

/** A skeleton and its split file, DWARF 4 (GNU) or 5. */
function split(version: 4 | 5): { main: DwarfSections; dwo: DwarfBuilder } {
  const builder = new DwarfBuilder({ version });
  const lines = builder.lines(
    [
      ["a.c", 0],
      ["a.c", 0],
    ],
    ["/build"],
    builder.sequence([[0x1000, 3]], 0x1040),
  );
  const addr = builder.section("addr");
  if (version === 5) addr.uint(20, 4).uint(5, 2).uint(8, 1).uint(0, 1);
  addr.uint(0x1000, 8).uint(0x1020, 8);
  const own: AttributeSpec[] =
    version === 5
      ? [
          [A.dwoName, F.string, "a.dwo"],
          [A.addrBase, F.secOffset, 8],
        ]
      : [
          [A.gnuDwoName, F.string, "a.dwo"],
          [A.gnuDwoId, F.data8, 0xdeadbeefcafef00dn],
          [A.gnuAddrBase, F.secOffset, 0],
        ];
  builder.unit(
    [
      T.compileUnit,
      [[A.language, F.data1, 4], [A.compDir, F.string, "/build"], [A.statementList, F.secOffset, lines], ...own, ...code(0x1000, 0x40)],
    ],
    UnitType.skeleton,
    0xdeadbeefcafef00dn,
  );
  const dwo = new DwarfBuilder({ version });
  const offsets = dwo.section("str_offsets");
  if (version === 5) offsets.uint(8, 4).uint(5, 2).uint(0, 2);
  offsets.uint(dwo.string("unused"), 4).uint(dwo.string("_Z5splitv"), 4);
  const [addrx, strx] = version === 5 ? [F.addrx, F.strx1] : [F.gnuAddrIndex, F.gnuStrIndex];
  const id: AttributeSpec[] = version === 5 ? [] : [[A.gnuDwoId, F.data8, 0xdeadbeefcafef00dn]];
  dwo.unit(
    unitOf(
      [
        [
          T.subprogram,
          [
            [A.linkageName, strx, 1],
            [A.lowPc, addrx, 1],
            [A.highPc, F.data4, 8],
          ],
        ],
      ],
      id,
    ),
    UnitType.splitCompile,
    0xdeadbeefcafef00dn,
  );
  return { main: builder.sections(), dwo };
}

for (const version of [4, 5] as const) {
  test(`split units of DWARF ${version}: a .dwo, a .dwp, and the skeleton alone`, () => {
    const { main, dwo } = split(version);
    const asked: unknown[] = [];
    const sections = dwo.sections();
    const names = openDwarfNames(main, {
      split: (unit) => {
        asked.push(unit);
        return sections;
      },
    });
    assert.deepEqual(frames(names, 0x1021), [["_Z5splitv", "/build/a.c", 3]]);
    assert.deepEqual(asked[0], { dwoId: 0xdeadbeefcafef00dn, name: "a.dwo", directory: "/build" });
    assert.deepEqual(names.needs(), []);

    const alone = openDwarfNames(main);
    assert.deepEqual(frames(alone, 0x1021), [["", "/build/a.c", 3]]);
    assert.match(alone.needs().join(), /a\.dwo/);

    const files = new Map([
      ["info", 1],
      ["abbrev", 3],
      ["str_offsets", 6],
    ] as const);
    const index = new Bytes();
    if (version === 5) index.uint(5, 2).uint(0, 2);
    else index.uint(2, 4);
    index.uint(files.size, 4).uint(1, 4).uint(2, 4);
    const slot = Number(0xdeadbeefcafef00dn & 1n);
    for (let i = 0; i < 2; i++) index.uint(i === slot ? 0xdeadbeefcafef00dn : 0n, 8);
    for (let i = 0; i < 2; i++) index.uint(i === slot ? 1 : 0, 4);
    for (const id of files.values()) index.uint(id, 4);
    for (const _ of files) index.uint(0, 4);
    for (const name of files.keys()) index.uint(sections.section(name)!.size, 4);
    dwo.section("cu_index").raw(index.values);
    const dwp = openDwp(dwo.sections());
    assert.equal(dwp.unitCount, 1);
    assert.equal(dwp.find(1n), null);
    const packed = openDwarfNames(main, { split: (unit) => dwp.find(unit.dwoId) });
    assert.deepEqual(functionNames(packed, 0x1021), ["_Z5splitv"]);
  });
}

test("units that do not say where their code lies are asked, and DWARF 2 is completed by .debug_aranges", () => {
  const names = open([[T.subprogram, [named("f"), ...code(0x1000, 8)]]], []);
  assert.deepEqual(functionNames(names, 0x1004), ["f"]);
  const builder = new DwarfBuilder({ version: 2 });
  const at = (start: number, size: number): AttributeSpec[] => [
    [A.lowPc, F.addr, start],
    [A.highPc, F.addr, start + size],
  ];
  builder.unit(
    unitOf(
      [
        [T.subprogram, [named("f"), ...at(0x1000, 8)]],
        [T.subprogram, [named("far"), ...at(0x3000, 8)]],
      ],
      at(0x1000, 8),
    ),
  );
  const set = builder.section("aranges");
  const finish = builder.length(set);
  set.uint(2, 2).uint(0, 4).uint(8, 1).uint(0, 1).uint(0, 4);
  for (const value of [0x1000, 8, 0x3000, 8, 0, 0]) set.uint(value, 8);
  finish();
  assert.deepEqual(functionNames(openDwarfNames(builder.sections()), 0x3004), ["far"]);
});

test("a function that the root of its unit leaves out is found both ways", () => {
  for (const version of [3, 4, 5]) {
    const builder = new DwarfBuilder({ version });
    const high = (end: number): AttributeSpec[] => (version === 3 ? [[A.highPc, F.addr, end]] : [[A.highPc, F.data4, end - 0x1000]]);
    const root: AttributeSpec[] = [[A.lowPc, F.addr, 0x1000], ...high(0x1010)];
    const at = (start: number): AttributeSpec[] =>
      version === 3
        ? [
            [A.lowPc, F.addr, start],
            [A.highPc, F.addr, start + 8],
          ]
        : code(start, 8);
    builder.unit(
      unitOf(
        [
          [T.subprogram, [named("inside"), ...at(0x1000)]],
          [T.subprogram, [named("outside"), ...at(0x3000)]],
        ],
        root,
      ),
    );
    const names = openDwarfNames(builder.sections());
    const visited = visitedAnswers(openDwarfNames(builder.sections()), 0x4000);
    assert.deepEqual(functionNames(names, 0x1004), ["inside"]);
    assert.deepEqual(functionNames(names, 0x3004), ["outside"]);
    for (const address of [0xfff, 0x1000, 0x1007, 0x1008, 0x2fff, 0x3000, 0x3007, 0x3008])
      assert.deepEqual(visited.lookup(address), names.lookup(address), `DWARF ${version}, ${address.toString(16)}`);
  }
});

test("a damaged unit costs itself alone", () => {
  const builder = new DwarfBuilder();
  builder.unit(
    unitOf(
      [
        [T.subprogram, [named("before"), ...code(0x1000, 8)]],
        [T.subprogram, [named("broken"), ...code(0x1010, 8)]],
      ],
      code(0x1000, 0x100),
    ),
  );
  const info = builder.section("info");
  info.values[info.length - 1] = 0x7f;
  builder.unit(unitOf([[T.subprogram, [named("good"), ...code(0x1200, 8)]]], code(0x1200, 0x100)));
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(functionNames(names, 0x1200), ["good"]);
  assert.deepEqual(functionNames(names, 0x1000), ["before"]);
  assert.equal(names.damage.count > 0, true);
  assert.match(names.damage.first[0]!.reason, /abbreviation 127 is not defined/);
});

test("no .debug_info is refused with words", () => {
  assert.throws(() => openDwarfNames(new DwarfBuilder().sections()), /dwarf: \.debug_info: is missing/);
});

test("more units than are remembered: each keeps its own names, in whatever order they are asked", () => {
  const builder = new DwarfBuilder();
  const start = (i: number) => 0x1000 + i * 0x20;
  for (let i = 0; i < 60; i++) {
    const origins = [0, 1].map((k): Entry => [T.subprogram, [[A.linkageName, F.string, `inlined${i}.${k}`]], [], `${i}.${k}`]);
    const functions = [0, 1].map((k): Entry => {
      const inlined: Entry = [T.inlinedSubroutine, [[A.abstractOrigin, F.ref4, { label: `${i}.${k}` }], ...code(start(i) + k * 16, 8)]];
      return [T.subprogram, [named(`f${i}.${k}`), ...code(start(i) + k * 16, 16)], [inlined]];
    });
    const children = [...origins, ...functions];
    builder.unit(unitOf(children, code(start(i), 0x20)));
  }
  const names = openDwarfNames(builder.sections());
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 60; i++) {
      const unit = (i * 37) % 60;
      // The functions of a unit in another order each time: ids are given as they come up.
      for (const k of (round + i) % 2 === 0 ? [0, 1] : [1]) {
        assert.deepEqual(functionNames(names, start(unit) + k * 16), [`inlined${unit}.${k}`, `f${unit}.${k}`]);
      }
    }
  }
});

test("template arguments that names leave out are spelled from the entries", () => {
  const type = (label: string): AttributeSpec => [A.type, F.ref4, { label }];
  const parameters: Entry[] = [
    [T.templateTypeParameter, [type("pointer")]],
    [T.templateValueParameter, [type("int"), [A.constValue, F.sdata, -3]]],
    [
      T.gnuTemplateParameterPack,
      [],
      [
        [T.templateTypeParameter, [type("int")]],
        [T.templateTypeParameter, []],
      ],
    ],
    [T.gnuTemplateTemplateParameter, [[A.gnuTemplateName, F.string, "std::list"]]],
  ];
  const names = open([
    [0x24, [named("int")], [], "int"],
    [T.pointerType, [type("const")], [], "pointer"],
    [T.constType, [type("pair")], [], "const"],
    [T.structureType, [named("Pair")], [[T.templateTypeParameter, [type("int")]]], "pair"],
    [T.structureType, [named("Box")], [...parameters, [T.subprogram, [named("sum"), ...code(0x1000, 8)]]]],
    [T.subprogram, [named("full<int>"), ...code(0x1010, 8)], parameters],
    // A type that is its own argument.
    [T.subprogram, [named("loop"), ...code(0x1020, 8)], [[T.templateTypeParameter, [type("self")]]]],
    [T.structureType, [named("S")], [[T.templateTypeParameter, [type("self")]]], "self"],
  ]);
  assert.deepEqual(functionNames(names, 0x1000), ["Box<const Pair<int> *, -3, int, void, std::list>::sum"]);
  assert.deepEqual(functionNames(names, 0x1010), ["full<int>"]);
  assert.match(functionNames(names, 0x1020)![0]!, /^loop<S<S</);
});

test("the name of a class that stands apart from its declaration, or in a type unit", () => {
  const builder = new DwarfBuilder();
  builder.unit([T.compileUnit, [[A.language, F.data1, 4]], [[T.structureType, [named("Far")], [], "type"]]], UnitType.type, 99n, "types");
  builder.unit(
    unitOf(
      [
        [T.namespace, [named("geo")], [[T.classType, [named("Shape"), [A.declaration, F.flagPresent, 1]], [], "declared"]]],
        [T.classType, [[A.specification, F.ref4, { label: "declared" }]], [[T.subprogram, [named("area"), ...code(0x1000, 8)]]]],
        [T.classType, [[A.signature, F.refSig8, 99n]], [[T.subprogram, [named("far"), ...code(0x1010, 8)]]]],
        [T.classType, [[A.specification, F.ref4, { label: "ring" }]], [[T.subprogram, [named("ring"), ...code(0x1020, 8)]]], "ring"],
      ],
      code(0x1000, 0x100),
    ),
  );
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(functionNames(names, 0x1000), ["geo::Shape::area"]);
  assert.deepEqual(functionNames(names, 0x1010), ["Far::far"]);
  assert.match(functionNames(names, 0x1020)![0]!, /ring$/);
});
