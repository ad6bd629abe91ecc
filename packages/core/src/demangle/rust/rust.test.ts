/**
 * Recipe of the names from rustc (nightly of 2026-05): the declarations beside them with `-C symbol-mangling-version=v0` or `legacy`, then `nm`.
 * The readable names were compared with the crate rustc-demangle 0.1, in both of its forms.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { demangleRustLegacy, isRustLegacy } from "./legacy.ts";
import { decodePunycode } from "./punycode.ts";
import { demangleRustV0 } from "./v0.ts";

function check(demangle: (name: string) => string | null, pairs: Record<string, string | null>): void {
  for (const [mangled, readable] of Object.entries(pairs)) assert.equal(demangle(mangled), readable, mangled);
}

test("legacy names with and without their hash", () => {
  const name =
    "_ZN4core5slice89_$LT$impl$u20$core..iter..traits..IntoIterator$u20$for$u20$$RF$$u27$a$u20$$u5b$T$u5d$$GT$9into_iter17h450e234d27262170E";
  const path = "core::slice::<impl core::iter::traits::IntoIterator for &'a [T]>::into_iter";
  assert.equal(demangleRustLegacy(name), path);
  assert.equal(demangleRustLegacy(name, { hash: true }), `${path}::h450e234d27262170`);
  assert.equal(demangleRustLegacy(`_${name}`), path, "with Mach-O's underscore");
});

test("what stands behind a legacy name", () => {
  check((name) => demangleRustLegacy(name), {
    "_ZN3foo17h05af221e174051e9E.llvm.9D1C9369@@16": "foo",
    "_ZN3foo17h05af221e174051e9E.exit.i": "foo.exit.i",
    "_ZN3foo17h05af221e174051e9E.cold.1": "foo.cold.1",
    "_ZN3foo17h05af221e174051e9E.a b": null,
    _ZN3foo17h05af221e174051e9Ejunk: null,
    _ZN3foo3bar: null,
    _ZN3fooX: null,
    _ZN9fooE: null,
    _ZNE: null,
    _ZN3föoE: null,
  });
});

test("escapes of legacy names", () => {
  check((name) => demangleRustLegacy(name), {
    _ZN12a$u7b$b$u7d$E: "a{b}",
    _ZN10_$u1f40d$bE: "🐍b",
    _ZN6$u1b$aE: "$u1b$a",
    _ZN9$uD800$aaE: "$uD800$aa",
    _ZN5a$LTbE: "a$LTb",
    _ZN5$XY$aE: "$XY$a",
    _ZN13$constructor$E: "$constructor$",
    "_ZN8a..b.c..E": "a::b.c::",
  });
});

test("a legacy name is told from a C++ name by its hash", () => {
  assert.equal(isRustLegacy("_ZN3foo17h05af221e174051e9E"), true);
  assert.equal(isRustLegacy("_ZN3foo17h05af221e174051e9E.llvm.12"), true);
  assert.equal(isRustLegacy("_ZN3foo17h05af221e174051e9Ev"), true, "what follows is for the reader");
  assert.equal(isRustLegacy("_ZN3foo16h05af221e174051eE"), false);
  assert.equal(isRustLegacy("_ZN3fooI17h05af221e174051e9E"), false);
  assert.equal(isRustLegacy("_ZN3foo17g05af221e174051e9E"), false);
});

// pub enum En { A, B(u8, char), C { x: i32, y: bool } } pub fn en<const E: En>(); pub fn nm<const I: i128, const U: u64, const C: char, const B: bool>();
// pub fn ty<T: ?Sized>(); ty::<dyn Fn(&u8, &mut i8) -> Option<&'static str> + Send>(); ty::<fn(fn(&u8) -> &u8)>(); …
test("v0 names of our own declarations", () => {
  check((name) => demangleRustV0(name), {
    _RINvCs6663Vq3Raqp_1m2enKVNtNtB2_2En1AUEB2_: "m::en::<{m::En::A}>",
    _RINvCs6663Vq3Raqp_1m2nmKn5_Ky0_Kc5c_Kb0_EB2_: "m::nm::<5, 0, '\\\\', false>",
    _RINvCs6663Vq3Raqp_1m2nmKnn80000000000000000000000000000000_Kyffffffffffffffff_Kce9_Kb1_EB2_:
      "m::nm::<-0x80000000000000000000000000000000, 18446744073709551615, 'é', true>",
    _RINvCs6663Vq3Raqp_1m2tyAThEj3_EB2_: "m::ty::<[(u8,); 3]>",
    _RINvCs6663Vq3Raqp_1m2tyDG0_INtNtNtCs8NwYtU1Mohg_4core3ops8function2FnTRL1_hQL0_aEEp6OutputINtNtBw_6option6OptionReENtNtBw_6marker4SendEL_EB2_:
      "m::ty::<dyn for<'a, 'b> core::ops::function::Fn<(&'a u8, &'b mut i8), Output = core::option::Option<&str>> + core::marker::Send>",
    _RINvCs6663Vq3Raqp_1m2tyFFG_RL0_hERL0_hEuEB2_: "m::ty::<fn(for<'a> fn(&'a u8) -> &'a u8)>",
    _RINvCs6663Vq3Raqp_1m2tyFG0_RL1_hRL0_hERL1_hEB2_: "m::ty::<for<'a, 'b> fn(&'a u8, &'b u8) -> &'a u8>",
    _RINvCs6663Vq3Raqp_1m2tyFUKCPhOaEuEB2_: 'm::ty::<unsafe extern "C" fn(*const u8, *mut i8)>',
    _RINvMNtCs8NwYtU1Mohg_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEECsg0oAa7DM2pc_11miniz_oxide:
      "<[u8]>::copy_within::<core::ops::range::RangeInclusive<usize>>",
    _RINvMs4_NtCscYsbIx0cOGh_14rustc_demangle2v0NtB6_7Printer13print_backrefNCNvB2_10print_paths4_0EB8_:
      "<rustc_demangle::v0::Printer>::print_backref::<<rustc_demangle::v0::Printer>::print_path::{closure#6}>",
  });
});

test("v0 names with crates' disambiguators and types of integers", () => {
  check((name) => demangleRustV0(name, { hash: true }), {
    _RINvCs6663Vq3Raqp_1m2tyAThEj3_EB2_: "m[47080175ae5f0597]::ty::<[(u8,); 3usize]>",
    _RNvC1a1b: "a::b",
    _RNvCs_1a1b: "a[1]::b",
    _RNvCs0_1a1b: "a[2]::b",
  });
});

test("v0 constants", () => {
  check((name) => demangleRustV0(name), {
    _RINvC1a1bKRe616263_E: 'a::b::<"abc">',
    _RINvC1a1bKe27220a09c3a9f09f908d_E: 'a::b::<{*"\'\\"\\n\\té🐍"}>',
    _RINvC1a1bKRe0_E: null,
    _RINvC1a1bKReff_E: null,
    _RINvC1a1bKQhb_E: "a::b::<{&mut 11}>",
    _RINvC1a1bKTh1_EE: "a::b::<{(1,)}>",
    _RINvC1a1bKAh1_h2_EE: "a::b::<{[1, 2]}>",
    _RINvC1a1bKVNtC1a1PS1xan5_1yTh1_b1_EEE: "a::b::<{a::P { x: -5, y: (1, true) }}>",
    _RINvC1a1bKVNtC1a1PTcd_EE: "a::b::<{a::P('\\r')}>",
    _RINvC1a1bKc300_Kc0_E: "a::b::<'\\u{300}', '\\0'>",
    _RINvC1a1bKcd800_E: null,
    _RINvC1a1bKh_E: null,
    _RINvC1a1bKu_E: null,
  });
});

test("v0 suffixes, in both spellings", () => {
  check((name) => demangleRustV0(name), { "_RC3foo.llvm.9D1C": "foo", "_RC3foo.cold": "foo.cold", __RC3foo: "foo", "_RC3foo bar": null });
  check((name) => demangleRustV0(name, { spelling: "llvm" }), { "_RC3foo.llvm.9D1C": "foo (.llvm.9D1C)", "_RC3foo.cold": "foo (.cold)" });
});

test("identifiers outside ASCII", () => {
  assert.equal(demangleRustV0("_RNtNvCu8Gdel_5qa6Escher4Bach"), "Gödel::Escher::Bach");
  assert.equal(decodePunycode("", "1lqs71d"), "東京");
  assert.equal(decodePunycode("Gdel", "5qa"), "Gödel");
  assert.equal(decodePunycode("a", ""), null);
  assert.equal(decodePunycode("", "99999999"), null);
  assert.equal(decodePunycode("", "A"), null);
});

test("damaged and hostile v0 names are null, and at once", () => {
  const started = performance.now();
  const doubling = `_RIC1a${"TB5_B5_E".repeat(8000)}E`;
  const tuples = Array.from({ length: 40 }, () => "T").join("");
  for (const name of [
    "_R",
    "_RC",
    "_RB_",
    "_RNvB_1a",
    "_R0C1a",
    `_R${"N".repeat(60_000)}`,
    `_RI${"C1aI".repeat(10_000)}`,
    `_RIC1a${"R".repeat(60_000)}uE`,
    `_RIC1a${tuples}hhE`,
    `_RIC1aK${"R".repeat(60_000)}`,
    `_RIC1aFGzzzzzzzzzz_EuE`,
    `_RMs_C1aW${"O".repeat(60_000)}`,
    `_RC${"9".repeat(60_000)}`,
    `_RCu60000${"a".repeat(60_000)}`,
    "_RNvC1aszzzzzzzzzzzzzzz_1b",
  ]) {
    assert.equal(demangleRustV0(name), null, name.slice(0, 40));
  }
  const text = demangleRustV0(doubling);
  assert.ok(text === null || text.length < 1 << 19);
  assert.equal(demangleRustV0(`_RINvC1a1b${exponential(2)}E`), "a::b::<(u8, u8), ((u8, u8), (u8, u8))>");
  assert.equal(demangleRustV0(`_RINvC1a1b${exponential(40)}E`), null, "each tuple repeats the one before twice");
  assert.ok(performance.now() - started < 5000);
});

/** Tuples that each hold the one before twice, by back references. */
function exponential(count: number): string {
  let text = "";
  let last = "h";
  for (let i = 0; i < count; i++) {
    // Counted behind `_R`, in base 62 less one.
    const at = "INvC1a1b".length + text.length;
    text += `T${last}${last}E`;
    last = `B${base62(at - 1)}_`;
  }
  return text;
}

function base62(value: number): string {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return value < 62 ? digits[value]! : base62(Math.floor(value / 62)) + digits[value % 62]!;
}
