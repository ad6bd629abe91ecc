import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../test/random.ts";
import { demangle } from "./demangle.ts";
import { shortName } from "./short-name.ts";

test("the first letters choose the mangling", () => {
  const pairs: Record<string, string | null> = {
    _Z1fi: "f(int)",
    __Z1fi: "f(int)",
    ___Z1fi_block_invoke: "invocation function for block in f(int)",
    _ZN3foo3bar17h0123456789abcdefE: "foo::bar",
    __ZN3foo3bar17h0123456789abcdefE: "foo::bar",
    "_ZN3foo3bar17h0123456789abcdefE.llvm.123": "foo::bar",
    _ZN3foo3barE: "foo::bar",
    _RNvC1a4main: "a::main",
    __RNvC1a4main: "a::main",
    "?f@@YAXH@Z": "void __cdecl f(int)",
    $s4main3fooyyF: "main.foo() -> ()",
    _$s4main3fooyyF: "main.foo() -> ()",
    _$S4main3fooyyF: "main.foo() -> ()",
    async_Main: "async main entry point",
    _async_MainTQ0_: "(1) await resume partial function for async main entry point",
    async_Mainly: null,
    async_MainThread: null,
    _OBJC_CLASS_$__TtC4main3Foo: "Objective-C class of main.Foo",
    OBJC_METACLASS_$__TtC4main3Foo: "Objective-C metaclass of main.Foo",
    _OBJC_CLASS_$__Tt: null,
    _OBJC_CLASS_$_NSString: null,
    "-[Foo bar:]": null,
    "+[Foo(Category) bar]": null,
    main: null,
    _main: null,
    _Test: null,
    _start: null,
    __libc_start_main: null,
    "": null,
    _: null,
    _____: null,
  };
  for (const [name, readable] of Object.entries(pairs)) assert.equal(demangle(name), readable, name);
});

test("what linkers and disassemblers append stays", () => {
  assert.equal(demangle("_Z1fv@plt"), "f()@plt");
  assert.equal(demangle("_ZNSs4swapERSs@@GLIBCXX_3.4"), "std::string::swap(std::string&)@@GLIBCXX_3.4");
  assert.equal(demangle("_RNvC1a4main@plt"), "a::main@plt");
  assert.equal(demangle("printf@plt"), null);
});

test("names of import tables", () => {
  assert.equal(demangle("__imp__Z1fv"), "import thunk for f()");
  assert.equal(demangle("__imp_?f@@YAXH@Z"), "import thunk for void __cdecl f(int)");
  assert.equal(demangle("__imp_printf"), null);
  assert.equal(demangle("__imp_".repeat(20_000)), null);
});

const seeds = [
  "_ZN1n2ntITnDaXtlZNS_3useEvE3$_4EEEEvv",
  "_ZNSt4pairIKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESt6vectorISt8functionIFviEESaISA_EEEC2IJOS5_EJLm0EEEERSt5tupleIJDpT_EE",
  "_ZN1n3clsIXtlNS_1PELi0EtlA2_iELd0000000000000000ELPKc0EtlNS1_Ut_Edi1uLi3EEEEEEvv",
  "_ZN1n3fnpEPDoFicEMNS_1SEKFvvREPFPA3_iiEPKPVKiOiDnDuDsDiwneDF16_",
  "_ZN1n4dec5IijEEDTlsscT_fp0_szfp_ES1_T0_",
  "_ZNK1n4lamcMUlTkNS_1DET_E_clIiEEDaS1_Q1DIS1_E",
  "_ZNK1ScvRT_IPS_EEv",
  "_ZN1n3frtIiEEvNS_5OuterIiEET_Q1DITL0__E",
  "___Z10blocksNRVOv_block_invoke",
  "_ZTCN1n1WE8_NS_2V2E",
  "_ZN4core5slice89_$LT$impl$u20$core..iter..traits..IntoIterator$u20$for$u20$$RF$$u27$a$u20$$u5b$T$u5d$$GT$9into_iter17h450e234d27262170E",
  "_RINvCs6663Vq3Raqp_1m2tyDG0_INtNtNtCs8NwYtU1Mohg_4core3ops8function2FnTRL1_hQL0_aEEp6OutputINtNtBw_6option6OptionReENtNtBw_6marker4SendEL_EB2_",
  "_RINvC1a1bKVNtC1a1PS1xan5_1yTh1_b1_EEKe27220a09c3a9f09f908d_E",
  "_RNvC8punycodeu30____7hkackfecea1cbdathfdh9hlq6y",
  "?f@?$C@HV?$D@PEAD@n@@$00@n@@QEBA?AV12@P6AXH@ZAEBV12@@Z",
  "??_7?$vector@HV?$allocator@H@std@@@std@@6B@",
  "??__Fx@?1??g@@YAXXZ@YAXXZ",
  "$s4main3FooV3bar1xSiSgSS_Sayx_q_tGtr0_lF",
  "$s10Foundation4DataV5bytesACSRySiG_tcfCTf4nnd_n",
  "_TtGCs23_ContiguousArrayStorageGVs29_Ui",
  "_T0s6UInt32V9ModuleNameE8hexValueSSfg",
];
const alphabet = "_Z0123456789NSTIEJLXQDKCVROPFAMUBWGabcdefghijklmnopqrstuvwxyz$?@.%<>-(ö🐍\0";
const readable = "void a::b<int>(char) const operator<<[]{}`' ->'(anonymous namespace)";
const names = Number(process.env.SALVAGE_MUTANTS ?? 20_000);
/** The longest text of all manglings' limits. */
const maxText = 1 << 20;

function mutate(text: string, letters: string, random: (limit: number) => number): string {
  let result = text;
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(result.length + 1);
    const other = seeds[random(seeds.length)]!;
    switch (random(5)) {
      case 0:
        result = result.slice(0, at) + letters[random(letters.length)] + result.slice(at + 1);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + 1 + random(8));
        break;
      case 2:
        result = result.slice(0, at) + result.slice(random(at + 1), at).repeat(1 + random(3)) + result.slice(at);
        break;
      case 3:
        result = result.slice(0, at) + other.slice(random(other.length)) + result.slice(at);
        break;
      default:
        result = result.slice(0, at) + letters[random(letters.length)] + result.slice(at);
    }
  }
  return result.slice(0, 4096);
}

test(`${names} mutated names: nothing throws, hangs or grows`, () => {
  const random = randomFrom(5);
  let read = 0;
  let slowest = 0;
  let slowestName = "";
  for (let i = 0; i < names; i++) {
    const name = mutate(seeds[i % seeds.length]!, alphabet, random);
    const start = performance.now();
    const text = demangle(name);
    const took = performance.now() - start;
    if (took > slowest) {
      slowest = took;
      slowestName = name;
    }
    if (text === null) continue;
    read++;
    assert.ok(text.length <= maxText, name);
    assert.ok(shortName(text).length <= text.length + 100, text);
  }
  assert.ok(read > names / 20, `${read} of the names are still readable`);
  assert.ok(slowest < 2000, `${slowest} ms for ${slowestName}`);
});

test(`${names} mutated readable names: the short form does not throw or hang`, () => {
  const random = randomFrom(6);
  const started = performance.now();
  for (let i = 0; i < names; i++) shortName(mutate(readable, readable, random));
  assert.ok(performance.now() - started < 60_000);
});
