/** All spellings of one function give one name; different functions give different ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../test/random.ts";
import { keyName } from "./key-name.ts";

const spellings: Readonly<Record<string, readonly string[]>> = {
  f: [
    "f",
    "f(int)",
    "int __cdecl f(int)",
    "f(int) [clone .cold]",
    "f [clone .isra.0] [clone .part.1]",
    "f.llvm.123",
    "f(int) (.cold)",
    "static int f",
  ],
  "geo::Shape::walk": [
    "geo::Shape::walk",
    "void geo::Shape::walk<int>(int) const",
    "public: virtual void __cdecl geo::Shape::walk(int) const",
    "geo::Shape<std::pair<int, char> >::walk(std::function<void (int)>)",
    "decltype(auto) geo::Shape::walk<(A)1, (2 > 1)>() &&",
    "std::vector<int, std::allocator<int>> const * __cdecl geo::Shape<class A<1>>::walk<int>(void)",
    "geo::Shape::walk[abi:cxx11](int)",
    "non-virtual thunk to geo::Shape::walk()",
    "[thunk]: public: virtual void __cdecl geo::Shape::walk`adjustor{16}'(void)",
    "void (__cdecl * __cdecl geo::Shape::walk(int))(char)",
    "void (*geo::Shape::walk<int>(int))(char)",
  ],
  "(anonymous)::f": [
    "(anonymous namespace)::f",
    "(anonymous namespace)::f(int)",
    "`anonymous namespace'::f",
    "void `anonymous namespace'::f(int)",
    "{anonymous}::f",
  ],
  "f::{lambda}::operator()": [
    "f()::{lambda(int)#1}::operator()(int) const",
    "auto f(int)::'lambda'(int)::operator()<int>(int) const",
    "`void __cdecl f(void)'::`1'::<lambda_1>::operator()",
    "public: void __cdecl `void __cdecl f(void)'::`1'::<lambda_1>::operator()(int) const",
    "f::<lambda(int)>::operator()",
    "f(int)::$_0::operator()(int) const",
  ],
  "A::operator<": ["bool A::operator<(A const&) const", "A::operator<", "bool A::operator< <int>(int)"],
  "A::operator<<": ["A& A::operator<<<int>(int)", "class A & __cdecl A::operator<<(int)"],
  "A::operatornew[]": ["A::operator new[](unsigned long)", "public: static void * __cdecl A::operator new[](unsigned __int64)"],
  'operator""_km': [
    'operator""_km(unsigned long long)',
    'operator"" _km(unsigned long long)',
    'int __cdecl operator ""_km(unsigned __int64)',
  ],
  "A::operator": ["A::operator bool() const", "public: bool __cdecl A::operator bool(void) const"],
  "A::~A": ["A::~A()", "public: virtual __cdecl A::~A(void)", "A<int>::~A"],
  "core::ptr::write": [
    "core::ptr::write::<u8>",
    "core::ptr::write<u8>",
    "core::ptr::write",
    "core::ptr::write::h0123456789abcdef",
    "core[846817f741e54dfd]::ptr::write",
  ],
  "app::run::{closure}": ["app::run::{closure#0}", "app::run::{{closure}}", "app::run::{{closure}}::h0123456789abcdef"],
  "<alloc::vec::Vec as core::ops::Index>::index": [
    "<alloc::vec::Vec<T,A> as core::ops::Index<I>>::index",
    "<alloc::vec::Vec<u8> as core::ops::Index<usize>>::index::h0123456789abcdef",
    "alloc::vec::<impl core::ops::Index<I> for alloc::vec::Vec<T>>::index",
  ],
  "app::Thing::go": ["<app::Thing<u8>>::go", "app::Thing<T>::go", "app::<impl app::Thing>::go"],
  "Shop.Cart.add": ["Shop.Cart.add(item: Swift.Int) -> Swift.String", "static Shop.Cart.add() -> ()", "Shop.Cart.add"],
  "Shop.Cart.total.getter": ["Shop.Cart.total.getter : Swift.Int"],
  "-[Cart add:to:]": ["-[Cart add:to:]"],
  "C::`scalar deleting dtor'": ["public: virtual void * __cdecl C::`scalar deleting dtor'(unsigned int)"],
  "closure in f": ["closure #1 () -> () in f() -> ()", "closure #2 () -> () in f()"],
  "": [""],
  "(((": ["((("],
  ")))": [")))"],
};

for (const [name, given] of Object.entries(spellings)) {
  test(`"${name}"`, () => {
    for (const spelling of given) assert.equal(keyName(spelling), name, spelling);
  });
}

test("damaged and endless names cost no more than their length", () => {
  const random = randomFrom(5);
  const all = Object.values(spellings).flat();
  for (let i = 0; i < 20_000; i++) {
    const name = all[random(all.length)]!;
    const other = all[random(all.length)]!;
    const made = name.slice(0, random(name.length + 1)) + other.slice(random(other.length + 1));
    assert.ok(keyName(made).length <= 2 * made.length + 40, made);
  }
  for (const piece of [
    "<",
    "(",
    "`",
    "{",
    "::",
    "operator",
    "'",
    "a(",
    "`f(",
    "<a as ",
    "(*",
    "<impl ",
    " for ",
    "<lambda",
    "closure #1 ",
  ]) {
    const started = performance.now();
    keyName(piece.repeat(100_000));
    assert.ok(performance.now() - started < 2000, piece);
  }
});
