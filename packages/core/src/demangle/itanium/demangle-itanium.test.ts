/**
 * Recipe of the names from compilers: the declarations beside them in a file, `clang++-19 -std=c++23 -c` or `g++ -std=c++20 -c`, then `nm`. The
 * readable names were compared with `llvm-cxxfilt-19`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { maxNameLength } from "./cursor.ts";
import { demangleItanium, demangleItaniumType } from "./demangle-itanium.ts";
import { maxOutput } from "./output.ts";

function check(pairs: Record<string, string | null>): void {
  for (const [mangled, readable] of Object.entries(pairs)) assert.equal(demangleItanium(mangled), readable, mangled);
}

// namespace n { struct S { S(int); ~S(); void *operator new(unsigned long); operator int*() const; template<class T> operator T() const;
//   bool operator<=>(const S&) const; int operator+(int) const &; int operator[](int) &&; int operator()(int) volatile; void f(this S const&, int); }; }
test("names of our own declarations", () => {
  check({
    _ZN1n1SC1Ei: "n::S::S(int)",
    _ZN1n1SD2Ev: "n::S::~S()",
    _ZN1n1SnwEm: "n::S::operator new(unsigned long)",
    _ZNK1n1ScvPiEv: "n::S::operator int*() const",
    _ZNK1n1ScvT_IPlEEv: "n::S::operator long*<long*>() const",
    _ZNK1n1SssERKS0_: "n::S::operator<=>(n::S const&) const",
    _ZNKR1n1SplEi: "n::S::operator+(int) const &",
    _ZNO1n1SixEi: "n::S::operator[](int) &&",
    _ZNV1n1SclEi: "n::S::operator()(int) volatile",
    _ZNH1n1S1fERKS0_i: "n::S::f(this n::S const&, int)",
  });
});

// template<auto V> void nt(); template<double V> void fl(); template<class... T> void pack(T...); template<P V> void cls(); …
test("template arguments", () => {
  check({
    _ZN1n2ntITnDaLDn0EEEvv: "void n::nt<nullptr>()",
    _ZN1n2ntITnDaLNS_1EE1EEEvv: "void n::nt<(n::E)1>()",
    _ZN1n2ntITnDaLb1EEEvv: "void n::nt<true>()",
    _ZN1n2ntITnDaLc97EEEvv: "void n::nt<(char)97>()",
    _ZN1n2ntITnDaLln4EEEvv: "void n::nt<-4l>()",
    _ZN1n2ntITnDaLy2EEEvv: "void n::nt<2ull>()",
    _ZN1n2ntITnDaXadL_ZNS_1S2stEEEEEvv: "void n::nt<&n::S::st>()",
    _ZN1n2ffILf40200000EEEvv: "void n::ff<0x1.4p+1f>()",
    _ZN1n2ffILf000116c2EEEvv: "void n::ff<0x1.16c2p-133f>()",
    _ZN1n2flILdbfb999999999999aEEEvv: "void n::fl<-0x1.999999999999ap-4>()",
    _ZN1n2ntITnDaLd7ff0000000000000EEEvv: "void n::nt<inf>()",
    _ZN1n2ntITnDaLe3fffa000000000000000EEEvv: "void n::nt<0xap-3L>()",
    _ZN1n3ttpITtTpTyESt6vectorEEvv: "void n::ttp<std::vector>()",
    _ZN1n4packIJicdDnEEEvDpT_: "void n::pack<int, char, double, std::nullptr_t>(int, char, double, std::nullptr_t)",
    _ZN1n4packIJEEEvDpT_: "void n::pack<>()",
    _ZN1n4packIIicEEEvDpT_: "void n::pack<int, char>(int, char)",
    _ZN1n4intsIJLi1ELi2EEEEvNS_3seqIJXspplT_Li1EEEEE: "void n::ints<1, 2>(n::seq<1 + 1, 2 + 1>)",
    _ZN1n3clsIXtlNS_1PELi0EtlA2_iELd0000000000000000ELPKc0EtlNS1_Ut_Edi1uLi3EEEEEEvv:
      "void n::cls<n::P{0, int [2]{}, 0x0p+0, (char const*)0, n::P::'unnamed'{.u = 3}}>()",
    _ZN1n2TmIiE2InIcEcvT_IiEEv: "n::Tm<int>::In<char>::operator int<int>()",
  });
});

// void fnp(int (*)(char) noexcept, void (S::*)() const &, int (*(*)(int))[3], const volatile int* const*, int&&, std::nullptr_t, char8_t, …); …
test("types", () => {
  check({
    _ZN1n3fnpEPDoFicEMNS_1SEKFvvREPFPA3_iiEPKPVKiOiDnDuDsDiwneDF16_:
      "n::fnp(int (*)(char) noexcept, void (n::S::*)() const &, int (* (*)(int)) [3], int const volatile* const*, int&&, std::nullptr_t, char8_t, char16_t, char32_t, wchar_t, __int128, long double, _Float16)",
    _ZN1n4cplxECdDv4_f: "n::cplx(double complex, float vector[4])",
    _ZN1n3bitILi12EEEvDBT__: "void n::bit<12>(_BitInt(12))",
    _ZN1n3blkEPU3AS1i: "n::blk(int AS1*)",
  });
});

// template<class T> auto dec4(T t, int n) -> decltype(n > 3 ? t : T{n}); template<class... T> auto fold(T... t) -> decltype((t + ...)); …
test("expressions", () => {
  check({
    _ZN1n4dec4IiEEDTqugtfp0_Li3Efp_tlT_fp0_EES1_i: "decltype(fp0 > 3 ? fp : int{fp0}) n::dec4<int>(int, int)",
    _ZN1n4dec5IijEEDTlsscT_fp0_szfp_ES1_T0_: "decltype(static_cast<int>(fp0) << sizeof (fp)) n::dec5<int, unsigned int>(int, unsigned int)",
    _ZN1n4foldIJilEEEDTfrplfp_EDpT_: "decltype(((fp...) + ...)) n::fold<int, long>(int, long)",
    _ZN1n5fold2IJiiEEEDTfLplLi1Efp_EDpT_: "decltype((1 + ... + (fp...))) n::fold2<int, int>(int, int)",
    _ZN1n2enIiEENSt9enable_ifIXgtstT_Li2EEiE4typeES2_: "std::enable_if<(sizeof (int) > 2), int>::type n::en<int>(int)",
    _ZN1n3en2IiEENSt9enable_ifIXaanxcvT_Li1Entsr3stdE9is_same_vIS2_cEEiE4typeES2_:
      "std::enable_if<noexcept ((int)(1)) && !std::is_same_v<int, char>, int>::type n::en2<int>(int)",
  });
});

// template<class T> requires D<T> void req(T); void abbr(D auto x, auto... y); inline auto lamc = []<D T>(T x) requires D<T> { return x; }; …
test("constraints and lambdas", () => {
  check({
    _ZN1n3conITkNS_1DEiEEvT_: "void n::con<int>(int)",
    _ZN1n3reqIiQ1DIT_EEEvS1_: "void n::req<int>(T)",
    _ZN1n5trailIiEEvT_Q1DIS1_E: "void n::trail<int>(int) requires D<int>",
    _ZN1n4abbrITkNS_1DEiJicEEEvT_DpT0_: "void n::abbr<int, int, char>(int, int, char)",
    _ZN1n5OuterIiEFeqES1_S1_Q1DIT_E: "n::Outer<int>::friend operator==(n::Outer<int>, n::Outer<int>) requires D<T>",
    _ZN1n3frtIiEEvNS_5OuterIiEET_Q1DITL0__E: "void n::frt<int>(n::Outer<int>, int) requires D<TL0_>",
    _ZNK1n3lamMUlT_iE_clIiEEDaS1_i: "auto n::lam::'lambda'(auto, int)::operator()<int>(auto, int) const",
    _ZNK1n4lamcMUlTkNS_1DET_E_clIiEEDaS1_Q1DIS1_E: "auto n::lamc::'lambda'<n::D $T>($T)::operator()<int>($T) const requires D<$T>",
  });
});

// struct B { virtual ~B(); }; struct V1 : virtual B {}; struct W : V1, V2 { void v() override; }; const std::string& ref = std::string("x"); …
test("special names", () => {
  check({
    _ZThn8_N1n1W1vEv: "non-virtual thunk to n::W::v()",
    _ZTv0_n32_N1n1W1vEv: "virtual thunk to n::W::v()",
    _ZTVN1n1WE: "vtable for n::W",
    _ZTTN1n1WE: "VTT for n::W",
    _ZTIN1n1WE: "typeinfo for n::W",
    _ZTSN1n1WE: "typeinfo name for n::W",
    _ZTCN1n1WE8_NS_2V2E: "construction vtable for n::V2-in-n::W",
    _ZGVZN1n3locEvE1q: "guard variable for n::loc()::q",
    _ZGRN1n3refB5cxx11E_: "reference temporary for n::ref[abi:cxx11]",
    _ZTWN1n3tlsE: "thread-local wrapper routine for n::tls",
    _ZTHN1n3tlsE: "thread-local initialization routine for n::tls",
    _ZN1n6taggedB2t1B2t2Ev: "n::tagged[abi:t1][abi:t2]()",
    _ZN1nL3sb1E: "n::sb1",
    _ZTcv0_n24_v0_n32_N1n1W3covEv: "covariant return thunk to n::W::cov()",
  });
});

test("what compilers, linkers and blocks put around a name", () => {
  check({
    __Z1fv: "f()",
    "_Z1fv.cold": "f() (.cold)",
    "_Z1fv.part.0.constprop.1": "f() (.part.0.constprop.1)",
    ___Z1fv_block_invoke: "invocation function for block in f()",
    ___Z1fv_block_invoke_2: "invocation function for block in f()",
    "___Z1fv_block_invoke.25": "invocation function for block in f()",
    ___Z1fv_block_invoke_: null,
    ___Z1fv: null,
    _Z: null,
    _Z1: null,
    _Z2f: null,
    _Z1fvE: null,
    printf: null,
    "": null,
  });
});

test("lengths count bytes of UTF-8", () => {
  check({ _Z5fööv: "föö()", "_Z6a🐍bi": "a🐍b(int)", _Z3aöv: "aö()", _Z2aöv: null, _Z4fööv: null });
});

test("newer than llvm's reader: fixed point types, extended floats, pack indexing, transactions, packs with declared parameters", () => {
  check({
    _Z1fDSDAsDRmDF64x: "f(_Sat short _Accum, unsigned long _Fract, _Float64x)",
    _Z1fDF16b: "f(std::bfloat16_t)",
    _Z1fIJicEEvDTsyT_Li0EE: "void f<int, char>(decltype((int, char)...[0]))",
    _Z1fIJicEEvDyT_Li1E: "void f<int, char>((int, char)...[1])",
    _ZGTt1fi: "transaction clone for f(int)",
    _ZGTn1fi: "non-transaction clone for f(int)",
    _Z1fIJETpTnmJEEvDpT0_: "void f<>()",
    _Z1fILe3fff8000000000000000000000000000EEvv: "void f<0x1.8p+0L>()",
    _Z1fILe3ff8000000000000EEvv: "void f<0x1.8p+0L>()",
  });
});

test("without the parameters of the outermost function", () => {
  assert.equal(demangleItanium("_ZN1n2enIiEEvPFvT_E", { nameOnly: true }), "void n::en<int>");
  assert.equal(demangleItanium("_ZZ1fiENKUlcE_clEc", { nameOnly: true }), "f(int)::'lambda'(char)::operator() const");
});

test("types alone", () => {
  assert.equal(demangleItaniumType("PFvRKiE"), "void (*)(int const&)");
  assert.equal(demangleItaniumType("St6vectorIiSaIiEE"), "std::vector<int, std::allocator<int>>");
  assert.equal(demangleItaniumType("PFvRKi"), null);
});

test("a conversion operator's type may have templates in its arguments", () => {
  assert.equal(
    demangleItanium("_ZN3URIcvNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEv"),
    "URI::operator std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>>()",
  );
});

test("references to later template arguments may not end in themselves", () => {
  assert.equal(demangleItanium("_ZNK1ScvT_IPS_EEv"), "S::operator S*<S*>() const");
  assert.equal(demangleItanium("_ZNK1ScvT0_IiEEv"), null);
  // The argument is the type that is converted to, which names the argument.
  assert.equal(demangleItanium("_ZNK1ScvRT_IS0_EEv"), null);
});

/** Each template argument list states the type before it twice, so the text doubles with every one. */
function doubling(count: number): string {
  let name = "_Z1f1AIiiE";
  for (let i = 0; i < count; i++) {
    // Two substitutions a type: the template's name and the whole.
    const whole = `S${(2 * i).toString(36).toUpperCase()}_`;
    name += `1BI${whole}${whole}E`;
  }
  return name;
}

test("names that grow, nest or repeat without end are null, and at once", () => {
  const started = performance.now();
  const references = Array.from({ length: 9000 }, (_, i) => `RS${i === 0 ? "" : (i - 1).toString(36).toUpperCase()}_`);
  const hostile: [name: string, why: string][] = [
    [doubling(40), "text doubles"],
    [`_Z1f${"P".repeat(60_000)}i`, "pointers"],
    [`_Z1f${"1AI".repeat(15_000)}i${"E".repeat(15_000)}`, "template arguments in each other"],
    [`_ZN${"1a".repeat(30_000)}Ev`, "scopes"],
    [`_Z${"Z1fvE".repeat(13_000)}1a`, "functions beside each other"],
    [`_Z${"Z".repeat(60_000)}1fvE1a`, "functions in each other"],
    [`_Z1fIX${"ng".repeat(30_000)}Li1EEEvv`, "expressions"],
    [`_Z1fI${"J".repeat(60_000)}`, "packs"],
    [`_Z1fI${"Tp".repeat(30_000)}Ty`, "parameter packs"],
    [`_Z1fI${"Tt".repeat(30_000)}Ty`, "template template parameters"],
    [`_Z1f${"U1a".repeat(20_000)}i`, "vendor qualifiers"],
    [`_Z1fIXtl1A${"dx".repeat(30_000)}`, "designated initializers"],
    [`_Z${"W1a".repeat(20_000)}1bv`, "modules"],
    [`_Z1f1A${references.join("")}`, "references to references"],
    [`_ZN1AC${"I1N1AC".repeat(10_000)}`, "inherited constructors"],
    [`_Z1fIJ${"J".repeat(30)}${"E".repeat(30)}EEv${"DpT_".repeat(10_000)}${"9".repeat(20_000)}`, "a length that is too long"],
    [`_ZNK1AcvF${"T_".repeat(30_000)}EIiEEv${"9".repeat(2000)}`, "references to later arguments"],
    [`_Z1f${"_".repeat(60_000)}`, "underscores"],
    [`_Z1f${"i".repeat(maxNameLength)}`, "longer than names may be"],
  ];
  assert.equal(
    demangleItanium(doubling(2)),
    "f(A<int, int>, B<A<int, int>, A<int, int>>, B<B<A<int, int>, A<int, int>>, B<A<int, int>, A<int, int>>>)",
  );
  for (const [name, why] of hostile) assert.equal(demangleItanium(name), null, why);
  assert.ok(performance.now() - started < 5000, "all of them in seconds, with other work beside");
  // Long is not hostile: tags are a list, and many parameters are no depth.
  assert.equal(demangleItanium(`_ZN1S${"B1b".repeat(20_000)}C1Ev`)?.endsWith("[abi:b]::S()"), true);
  const parameters = demangleItanium(`_Z1f${"i".repeat(20_000)}`);
  assert.ok(parameters !== null && parameters.length < maxOutput);
});
