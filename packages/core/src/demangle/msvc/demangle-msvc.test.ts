/** Pairs of this test's own: most were written by clang for Windows from C++ made for it, the others by hand after the same grammar. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../../test/random.ts";
import { demangleMsvc } from "./demangle-msvc.ts";

/** Every name that the tests below read, for the last one to damage. */
const seeds: string[] = [];

function check(pairs: readonly (readonly [string, string | null])[]): void {
  for (const [mangled, expected] of pairs) {
    assert.equal(demangleMsvc(mangled), expected, mangled);
    if (expected !== null) seeds.push(mangled);
  }
}

test("functions and variables", () => {
  check([
    ["?walk@geo@@YAHPEBDH@Z", "int __cdecl geo::walk(char const *, int)"],
    ["??0Crash@app@@QEAA@XZ", "public: __cdecl app::Crash::Crash(void)"],
    ["??1Crash@app@@UEAA@XZ", "public: virtual __cdecl app::Crash::~Crash(void)"],
    ["?print@@YAXPEBDZZ", "void __cdecl print(char const *, ...)"],
    ["?all@@YAXZZ", "void __cdecl all(...)"],
    ["?m@Co@@QEHAAXXZ", "public: void __cdecl Co::m(void) &&"],
    ["?n@Co@@QECAXXZ", "public: void __cdecl Co::n(void) volatile"],
    ["?ne@@YAXP6AXX_EP8Co@@EGBAXX_E@Z", "void __cdecl ne(void (__cdecl *)(void) noexcept, void (__cdecl Co::*)(void) const noexcept &)"],
    ["?pm@@3PEQCo@@HEQ1@", "int Co::*pm"],
    ["?pmf@@3P8Co@@EAAXH@ZEQ1@", "void (__cdecl Co::*pmf)(int)"],
    ["?count@Pool@mem@@2_KA", "public: static unsigned __int64 mem::Pool::count"],
    ["?usecvp@@YAPEDQEDHXZ", "int const volatile *const volatile * __cdecl usecvp(void)"],
    ["?getp@@YAPEAY02P6AHHZZXZ", "int (__cdecl *(* __cdecl getp(void))[3])(int, ...)"],
    [
      "?i8@@YAXCEF_Q_S_U_W_J_KO_L_M$$T@Z",
      "void __cdecl i8(signed char, unsigned char, short, char8_t, char16_t, char32_t, wchar_t, __int64, unsigned __int64, long double, __int128, unsigned __int128, std::nullptr_t)",
    ],
    ["?f@@YAHQEIFAH@Z", "int __cdecl f(int __unaligned *const __restrict)"],
    ["?step@Timer@@EEAAXXZ", "private: virtual void __cdecl Timer::step(void)"],
    ["?size@Ring@@IEBA_KXZ", "protected: unsigned __int64 __cdecl Ring::size(void) const"],
  ]);
});

test("calling conventions", () => {
  check([
    ["?f@@YGXXZ", "void __stdcall f(void)"],
    ["?f@@YIXXZ", "void __fastcall f(void)"],
    ["?vv@@YQXN@Z", "void __vectorcall vv(double)"],
    ["?rc@@YwXH@Z", "void __regcall rc(int)"],
    ["?sc@@YSXH@Z", "void __attribute__((__swiftcall__)) sc(int)"],
    ["?sa@@YWXXZ", "void __attribute__((__swiftasynccall__)) sa(void)"],
    ["?f@@YMXXZ", "void __clrcall f(void)"],
  ]);
});

test("operators", () => {
  check([
    ["??BCo@@QEBA_NXZ", "public: bool __cdecl Co::operator bool(void) const"],
    ["??$?BH@Co@@QEBAPEAHXZ", "public: int * __cdecl Co::operator<int> int *(void) const"],
    ["??RCo@@QEGBAXXZ", "public: void __cdecl Co::operator()(void) const &"],
    ["??__MCo@@QEBAHH@Z", "public: int __cdecl Co::operator<=>(int) const"],
    ["??__LCo@@QEAAHXZ", "public: int __cdecl Co::operator co_await(void)"],
    ["??__K_km@@YAH_K@Z", 'int __cdecl operator ""_km(unsigned __int64)'],
    ["??_UPool@@SAPEAX_K@Z", "public: static void * __cdecl Pool::operator new[](unsigned __int64)"],
    ["??_GVA@@UEAAPEAXI@Z", "public: virtual void * __cdecl VA::`scalar deleting dtor'(unsigned int)"],
    ["??4Co@@QEAAAEAU0@$$QEAU0@@Z", "public: struct Co & __cdecl Co::operator=(struct Co &&)"],
  ]);
});

test("thunks", () => {
  check([
    ["??_EVC@@WBA@EAAPEAXI@Z", "[thunk]: public: virtual void * __cdecl VC::`vector deleting dtor'`adjustor{16}'(unsigned int)"],
    ["?f@VC@@$4PPPPPPPM@A@EAAXXZ", "[thunk]: public: virtual void __cdecl VC::f`vtordisp{-4, 0}'(void)"],
    ["?f@VC@@$R4BA@M@PPPPPPPM@7EAAXXZ", "[thunk]: public: virtual void __cdecl VC::f`vtordispex{16, 12, -4, 8}'(void)"],
    ["??_91@$BA@AA", null],
    ["??_9Co@@$BBI@AA", "[thunk]: __cdecl Co::`vcall'{24, {flat}}"],
  ]);
});

test("names the compiler makes up", () => {
  check([
    ["??_7VA@@6B@", "const VA::`vftable'"],
    ["??_7VC@@6BVB@@@", "const VC::`vftable'{for `VB'}"],
    ["??_7A@@6BB@@C@@@", "const A::`vftable'{for `B's `C'}"],
    ["??_8VC@@7B@", "const VC::`vbtable'"],
    ["??_R0?AUVA@@@8", "struct VA `RTTI Type Descriptor'"],
    ["??_R1A@?0A@EA@VA@@8", "VA::`RTTI Base Class Descriptor at (0, -1, 0, 64)'"],
    ["??_R2VA@@8", "VA::`RTTI Base Class Array'"],
    ["??_R3VA@@8", "VA::`RTTI Class Hierarchy Descriptor'"],
    ["??_R4VC@@6BVA@@@", "const VC::`RTTI Complete Object Locator'{for `VA'}"],
    ["?$TSS0@?1??next@@YAHXZ@4HA", "int `int __cdecl next(void)'::`2'::$TSS0"],
    ["??_B?1??next@@YAHXZ@51", "`int __cdecl next(void)'::`2'::`local static guard'{2}"],
    ["??__J?1??next@@YAHXZ@51", "`int __cdecl next(void)'::`2'::`local static thread guard'{2}"],
    ["??__Ean@?A0x1A30233@@YAXXZ", "void __cdecl `dynamic initializer for '`anonymous namespace'::an''(void)"],
    ["??__E?pool@Pool@@2HA@@YAXXZ", "void __cdecl `dynamic initializer for `public: static int Pool::pool''(void)"],
    ["??__Fan@@YAXXZ", "void __cdecl `dynamic atexit destructor for 'an''(void)"],
    [".?AVruntime_error@std@@", "class std::runtime_error `RTTI Type Descriptor Name'"],
    [".PEAD", "char *`RTTI Type Descriptor Name'"],
    ["??@0123456789abcdef0123456789abcdef@", "??@0123456789abcdef0123456789abcdef@"],
    ["??@0123456789abcdef0123456789abcdef@??_R4@", "??@0123456789abcdef0123456789abcdef@??_R4@"],
  ]);
});

test("scopes", () => {
  check([
    [
      "?m@?$AT@PEAUAnon@?A0x1A30233@@@?A0x1A30233@@SAHPEAUAnon@?A0x1A30233@@@Z",
      "public: static int __cdecl `anonymous namespace'::AT<struct `anonymous namespace'::Anon *>::m(struct `anonymous namespace'::Anon *)",
    ],
    ["?f@?A0x12@@YAXVC@1@@Z", "void __cdecl `anonymous namespace'::f(class `anonymous namespace'::C)"],
    [
      "?y@?1???$?RH@<lambda_1>@?0???$lam@H@@YA?A?<auto>@@H@Z@QEBA?A?2@H@Z@4HA",
      "int `public: <auto> __cdecl `<auto> __cdecl lam<int>(int)'::`1'::<lambda_1>::operator()<int>(int) const'::`2'::y",
    ],
    ["?local@?BA@??f@@YAXXZ@4HA", "int `void __cdecl f(void)'::`16'::local"],
    ["?once@?1??plain@@9@4HA", "int `extern \"C\" plain'::`2'::once"],
    ["?Present@?QIDisplay@@Screen@@UAGJXZ", "public: virtual long __stdcall Screen::[IDisplay]::Present(void)"],
  ]);
});

test("templates", () => {
  check([
    ["?pk@@YAXU?$Pk@$$V@@U?$Pk@H@@U?$Pk@HU?$Pk@$$V@@@@@Z", "void __cdecl pk(struct Pk<>, struct Pk<int>, struct Pk<int, struct Pk<>>)"],
    ["??$pk2@HNPEBD@@YAXHNPEBD@Z", "void __cdecl pk2<int, double, char const *>(int, double, char const *)"],
    ["??$pki@$$$V@@YAXXZ", "void __cdecl pki<>(void)"],
    ["??$pki@$00$0?1@@YAXXZ", "void __cdecl pki<1, -2>(void)"],
    ["??$ten@$0A@@@YAXXZ", "void __cdecl ten<0>(void)"],
    ["??$fa@$MP8V1@@EAAXXZ1??_91@$BA@AA@@YAXXZ", "void __cdecl fa<&[thunk]: __cdecl V1::`vcall'{0, {flat}}>(void)"],
    ["??$fm@$0BE@@@YAXXZ", "void __cdecl fm<20>(void)"],
    ["??$f@$FBA@A@@@YAXXZ", "void __cdecl f<{16, 0}>(void)"],
    ["??$f@$HA@@@YAXXZ", "void __cdecl f<{0}>(void)"],
    ["??$f@$$CBH@@YAXXZ", "void __cdecl f<int const>(void)"],
    ["??$f@$$BY02H@@YAXXZ", "void __cdecl f<int[3]>(void)"],
    ["??$f@$$YBox@std@@@@YAXXZ", "void __cdecl f<std::Box>(void)"],
  ]);
});

test("objects as template arguments", () => {
  check([
    ["??$f@$2UP@@H00MAEACAAAAA@PEBD0A@3H02@0?3@@@@@YAXXZ", "void __cdecl f<struct P{1, 2.5, 0, {3, -4}}>(void)"],
    ["??$fd@$BDPPIAAAAAAAAAAAA@@@YAXXZ", "void __cdecl fd<1.5>(void)"],
    ["??$fa@$MMAEAAAAAAA@@@YAXXZ", "void __cdecl fa<2>(void)"],
    ["??$fu@$7TU@@b@ADPIAAAAA@@@@YAXXZ", "void __cdecl fu<union U{1}>(void)"],
    ["??$fpm@$2UPM@@PEQDv@@H82@m@@@@@YAXXZ", "void __cdecl fpm<struct PM{Dv::m}>(void)"],
    ["??$fpf@$2UPF@@P8Dv@@EAAXXZE?mm@2@QEAAXXZ@@@YAXXZ", "void __cdecl fpf<struct PF{&public: void __cdecl Dv::mm(void)}>(void)"],
    ["??$h@$C661?o@@3UOut@@Ain@@a@@01@@@YAXXZ", "void __cdecl h<&struct Out o.in.a[2]>(void)"],
    ["??$fa@$MPEAH6C61?o@@3UOut@@Ains@@00@b@@@@YAXXZ", "void __cdecl fa<&struct Out o.ins[1].b>(void)"],
    ["??$fre@$2URef@@AEAH66E?o@@3UOut@@Ain@@b@@@@@YAXXZ", "void __cdecl fre<struct Ref{struct Out o.in.b}>(void)"],
    ["??$fs@$2US0@@PEBH5CE?arr@@3QBHB02@@@@@YAXXZ", "void __cdecl fs<struct S0{&int const *const arr[3]}>(void)"],
  ]);
});

test("strings", () => {
  check([
    ["??_C@_02PCEFGMJL@hi?$AA@", '"hi"'],
    ["??_C@_0O@KLDNFIOH@it?8s?5?$CCquoted?$CC?$AA@", '"it\\\'s \\"quoted\\""'],
    ["??_C@_15ODEHJAJI@?$AAh?$AAi?$AA?$AA@", 'L"hi"'],
    ["??_C@_0CI@AAAAAAAA@abcdefghijklmnopqrstuvwxyz012345@", '"abcdefghijklmnopqrstuvwxyz012345"...'],
    ["??_C@_07AAAAAAAA@h?$AAi?$AA?$AA?$AA@", 'u"hi\\0"...'],
  ]);
});

test("code of ARM64EC and of the common language runtime", () => {
  check([
    ["?walk@geo@@$$hYAHH@Z", "int __cdecl geo::walk(int)"],
    ["?walk@geo@@$$FYAHH@Z", "int __cdecl geo::walk(int)"],
    ["?main@@$$HYAHXZ", "int __cdecl main(void)"],
  ]);
});

test("what follows a name is ignored", () => {
  check([["?walk@geo@@YAHH@Z.llvm.123", "int __cdecl geo::walk(int)"]]);
});

test("no decorated names", () => {
  check([
    ["", null],
    ["?", null],
    ["??", null],
    ["main", null],
    ["_ZN3geo4walkEi", null],
    ["?walk", null],
    ["?walk@geo@@", null],
    ["?walk@geo@@YAH", null],
    ["?f@@YAX9@Z", null],
    ["?f@9@YAXXZ", null],
    ["??_C@_02", null],
    ["?f@@3Y0A@HA", "int f[]"],
    ["??_R0?AVx@@", null],
    ["?f@@YAXW9E@@@Z", null],
    [".text", null],
    [".?AVx@@more", null],
    ["??__E?f@@YAXXZ", null],
    ["?f@@YAX$$ZH@Z", null],
    ["??0@QEAA@XZ", null],
    ["?f@@YAXP", null],
  ]);
});

test("names that would grow without end, and nest without end, are refused", () => {
  // Each parameter holds the one before twice: 2 to the power of 9, and that twice when a template stands in between.
  const doubling = (first: string): string => first + Array.from({ length: 9 }, (_, i) => `P6AX${i}${i}@Z`).join("");
  const once = demangleMsvc(`?f@@YAX${doubling("PEAH")}@Z`);
  assert.ok(once !== null && once.length > 10_000 && once.length < 50_000);
  assert.equal(demangleMsvc(`?f@@YAX${doubling(`V?$T@$$A6AX${doubling("PEAH")}@Z@@`)}@Z`), null);
  for (const deep of ["P", "PEA", "V?$A@", "?1??f@", "$1?f@", "$$A6", "Y00", "$2U"]) {
    assert.equal(demangleMsvc(`?f@@YAX${deep.repeat(10_000)}`), null);
    assert.equal(demangleMsvc(`?x@${deep.repeat(5_000)}`), null);
  }
  assert.equal(demangleMsvc(`?${"a".repeat(100_000)}@@YAXXZ`), null);
});

test("damaged names give a text or null, never an error, and no long one", () => {
  const random = randomFrom(19);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@?$_";
  for (let round = 0; round < 40_000; round++) {
    let name = seeds[random(seeds.length)]!;
    for (let change = random(3); change >= 0; change--) {
      const at = 1 + random(name.length);
      const other = seeds[random(seeds.length)]!;
      const from = random(other.length);
      const inserted = random(2) === 0 ? letters.charAt(random(letters.length)) : other.slice(from, from + random(12));
      name = name.slice(0, at) + inserted + name.slice(at + random(3));
    }
    const text = demangleMsvc(name);
    assert.ok(text === null || text.length <= 70_000, name);
  }
});
