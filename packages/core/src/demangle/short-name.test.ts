import assert from "node:assert/strict";
import { test } from "node:test";
import { shortName } from "./short-name.ts";

function check(pairs: [readable: string, short: string][]): void {
  for (const [readable, short] of pairs) assert.equal(shortName(readable), short, readable);
}

test("functions lose their types, templates their arguments", () => {
  check([
    ["f()", "f"],
    ["void foo::bar<int, char>(int (*)(char)) const", "foo::bar<…>"],
    ["std::vector<std::pair<int, long>, std::allocator<int>>::push_back(int&&) &", "std::vector<…>::push_back"],
    ["std::enable_if<(1 > 2), int>::type foo<int>(int)", "foo<…>"],
    ["decltype(fp < fp0 ? a : b) Min<int>(int)", "Min<…>"],
    ["decltype(auto) f<int>(int)", "f<…>"],
    ["int (*f(char))[3]", "f"],
    ["void (*ns::foo<int>(int))(char)", "ns::foo<…>"],
    ["unsigned int (A::*g(int))(char) const", "g"],
    ["auto test8::X<int>::bar<int>() const requires C<int>", "test8::X<…>::bar<…>"],
    ["f(int) [enable_if:1]", "f"],
    ["S[abi:outer]::f[abi:inner]()", "S::f"],
    ["Foo@M.N::bar(int)", "Foo@M.N::bar"],
    ["foo::bar", "foo::bar"],
    ["x", "x"],
    ["", ""],
  ]);
});

test("operators", () => {
  check([
    ["std::ostream& operator<<(std::ostream&, int)", "operator<<"],
    ["bool operator<<int>(A<int>)", "operator<<…>"],
    ["bool operator<<<int>(A<int>)", "operator<<<…>"],
    ["std::ostream& operator<< <char>(std::ostream&)", "operator<<<…>"],
    ["bool operator<=>(A, B)", "operator<=>"],
    ["bool A::operator>(A const&) const", "A::operator>"],
    ["A::operator->()", "A::operator->"],
    ["int A::operator()(int) volatile", "A::operator()"],
    ["void A::operator()<int>(int)", "A::operator()<…>"],
    ["A::operator[](int)", "A::operator[]"],
    ["A::operator,(int)", "A::operator,"],
    ["A::operator||(int)", "A::operator||"],
    ["A::operator|=(int)", "A::operator|="],
    ["operator new[](unsigned long)", "operator new[]"],
    ["S::operator delete(void*)", "S::operator delete"],
    ["A::operator co_await()", "A::operator co_await"],
    ['operator"" _s(char const*)', 'operator"" _s'],
    ["Foo::operator bool() const", "Foo::operator bool"],
    ["Foo::operator std::vector<int>*() const", "Foo::operator std::vector<…>*"],
    ["Foo::operator unsigned long() const", "Foo::operator unsigned long"],
    ["A<&B::operator->>::f()", "A<…>::f"],
    ["A<&(B::operator>(B))>::f()", "A<…>::f"],
    ["my_operator<int>(int)", "my_operator<…>"],
    ["operator_table::find(int)", "operator_table::find"],
  ]);
});

test("local things, lambdas and things without a name", () => {
  check([
    ["main::run(int)::'lambda'(char)::operator()(char) const", "main::run::'lambda'::operator()"],
    ["a::b() const::'lambda0'()::operator()() const", "a::b::'lambda0'::operator()"],
    ["auto a::'lambda'<typename $T>($T)::operator()<int>(int) const", "a::'lambda'<…>::operator()<…>"],
    ["(anonymous namespace)::Foo::~Foo()", "(anonymous namespace)::Foo::~Foo"],
    ["void foo<(anonymous namespace)::X>(int)", "foo<…>"],
    ["f(int)::x", "f::x"],
    ["f(char const*)::{lambda(int)#1}::operator()(int) const", "f::{lambda#1}::operator()"],
    ["NS::[x, y]", "NS::[x, y]"],
    ["[a1, a2]", "[a1, a2]"],
  ]);
});

test("special names keep their words", () => {
  check([
    ["vtable for std::vector<int>", "vtable for std::vector<…>"],
    ["non-virtual thunk to A::f(int)", "non-virtual thunk to A::f"],
    ["guard variable for f()::x", "guard variable for f::x"],
    ["invocation function for block in f(int)", "invocation function for block in f"],
    ["import thunk for void __cdecl f(int)", "import thunk for f"],
    ["foo() (.cold)", "foo"],
    ["foo() [clone .cold]", "foo"],
  ]);
});

test("Visual C++", () => {
  check([
    ["public: virtual void __cdecl Foo::bar<int>(int) const", "Foo::bar<…>"],
    ["public: bool __cdecl A::operator<<int>(int)", "A::operator<<…>"],
    ["public: __cdecl `anonymous namespace'::Foo::Foo(void)", "`anonymous namespace'::Foo::Foo"],
    ["public: void __cdecl `public: void __cdecl A::f(int)'::`2'::x::g(void)", "A::f::`2'::x::g"],
    ["public: virtual void * __cdecl A::`scalar deleting destructor'(unsigned int)", "A::`scalar deleting destructor'"],
    ["const Foo::`vftable'", "Foo::`vftable'"],
    ["public: auto __cdecl main::<lambda_1a2b>::operator()<int>(int) const", "main::<lambda_1a2b>::operator()<…>"],
  ]);
});

test("Rust", () => {
  check([
    ["<alloc::vec::Vec<u8> as core::ops::drop::Drop>::drop", "<alloc::vec::Vec<…> as core::ops::drop::Drop>::drop"],
    ["<u8 as T>::f::<i32>", "<u8 as T>::f::<…>"],
    ["<alloc::vec::Vec<u8>>::push", "<alloc::vec::Vec<…>>::push"],
    [
      "core::slice::<impl core::iter::IntoIterator for &'a [T]>::into_iter",
      "core::slice::<impl core::iter::IntoIterator for &'a [T]>::into_iter",
    ],
    ["core::ptr::drop_in_place::<alloc::boxed::Box<dyn Fn() -> u8>>", "core::ptr::drop_in_place::<…>"],
    ["alloc::vec::Vec<T,A>::push", "alloc::vec::Vec<…>::push"],
    ["std::rt::lang_start::{{closure}}", "std::rt::lang_start::{{closure}}"],
    ["foo::bar::{closure#0}", "foo::bar::{closure#0}"],
    ["foo::{closure:name#1}::g", "foo::{closure:name#1}::g"],
  ]);
});

test("Swift and Objective-C", () => {
  check([
    ["static Mod.Type.run(count: Swift.Int) -> Swift.String", "Mod.Type.run"],
    ["Mod.Type.value.getter : Swift.Int", "Mod.Type.value.getter"],
    ["closure #1 (Swift.Int) -> () in Mod.foo(x: Swift.Int) -> ()", "closure #1 in Mod.foo"],
    ["-[Foo bar:]", "-[Foo bar:]"],
    ["+[Foo(Category) bar]", "+[Foo(Category) bar]"],
  ]);
});

test("what does not fit comes back as it is", () => {
  for (const text of ["a(", "<", "a<b(c>", "`a", "f()`", "a{", "operator", "(((((((((((((", `${"vtable for ".repeat(50)}A<int>`]) {
    assert.equal(shortName(text), text);
  }
});

test("long texts take time in proportion", () => {
  const started = performance.now();
  assert.equal(shortName(`${"a::".repeat(80_000)}f(${"int, ".repeat(40_000)}int)`).length, 240_001);
  shortName("(*".repeat(100_000));
  shortName("<".repeat(200_000));
  shortName("a<b>".repeat(50_000));
  shortName("`".repeat(200_000));
  shortName(`${"closure #1 ".repeat(20_000)} in `);
  assert.ok(performance.now() - started < 5000);
});
