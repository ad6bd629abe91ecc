// Declarations whose types hold expressions of every kind, for itanium-expressions.tsv: `clang++-19 -std=c++23 -c`, then `nm`.
#include <cstddef>
#include <initializer_list>
#include <typeinfo>
#include <compare>
#include <new>
namespace n {
struct S { int a; int f(int); S* operator->(); int operator*(); int b[4]; static int st; S operator,(S); bool operator!() const; ~S(); template<class T> int g(T); int S::* pm; };
template<class T> struct Tr { static constexpr int v = 1; using type = T; template<class U> struct In { static int w; using type = U; }; template<class U> static int call(U); };
template<int N> struct I {};
template<bool B> struct Bo {};
template<class...> struct L { static int x; };
int glob(int); int ov(int); int ov(char); template<class T> int tov(T);
extern S s;
template<class T, class U> auto o01(T a, U b) -> decltype(a + b) { return a + b; }
template<class T, class U> auto o02(T a, U b) -> decltype(a = b) { throw 1; }
template<class T, class U> auto o03(T a, U b) -> decltype(a >> b) { return a >> b; }
template<class T, class U> auto o04(T a, U b) -> decltype(a ? b : b) { throw 1; }
template<class T> auto o05(T a) -> decltype(-a) { return -a; }
template<class T> auto o06(T a) -> decltype(~a) { return ~a; }
template<class T> auto o07(T a) -> decltype(!a) { return !a; }
template<class T> auto o08(T a) -> decltype(&a) { return 0; }
template<class T> auto o09(T* a) -> decltype(*a) { return *a; }
template<class T> auto o10(T a) -> decltype(++a) { throw 1; }
template<class T> auto o11(T a) -> decltype(a++) { return a; }
template<class T> auto o12(T a) -> decltype(--a) { throw 1; }
template<class T> auto o13(T a) -> decltype(a--) { return a; }
template<class T, class U> auto o14(T a, U b) -> decltype(a, b) { throw 1; }
template<class T, class U> auto o15(T a, U b) -> decltype(a[b]) { return a[b]; }
template<class T, class U> auto o16(T a, U b) -> decltype(a(b)) { return a(b); }
template<class T> auto o17(T a) -> decltype(a.a) { return a.a; }
template<class T> auto o18(T* a) -> decltype(a->a) { return a->a; }
template<class T, class U> auto o19(T a, U b) -> decltype(a.*b) { return a.*b; }
template<class T, class U> auto o20(T* a, U b) -> decltype(a->*b) { return a->*b; }
template<class T> auto o21(T a) -> decltype(static_cast<long>(a)) { return 0; }
template<class T> auto o22(T a) -> decltype(const_cast<T&>(a)) { throw 1; }
template<class T> auto o23(T* a) -> decltype(reinterpret_cast<char*>(a)) { return 0; }
template<class T> auto o24(T* a) -> decltype(dynamic_cast<const void*>(a)) { return 0; }
template<class T> auto o25(T a) -> decltype((long)a) { return 0; }
template<class T> auto o26(T a) -> decltype(T(1)) { return a; }
template<class T> auto o27(T a) -> decltype(T{1}) { return a; }
template<class T> auto o28(T a) -> decltype(T()) { return a; }
template<class T, class U> auto o29(T a, U b) -> decltype(T(a, b)) { return T(a, b); }
template<class T> auto o30(T a) -> decltype(new T(a)) { return 0; }
template<class T> auto o31(T a) -> decltype(new T[3]) { return 0; }
template<class T> auto o32(T a) -> decltype(::new T) { return 0; }
template<class T> auto o33(T a) -> decltype(new (&a) T{a}) { return 0; }
template<class T> auto o34(T* a) -> decltype(delete a) { }
template<class T> auto o35(T* a) -> decltype(delete[] a) { }
template<class T> auto o36(T* a) -> decltype(::delete a) { }
template<class T> auto o37(T a) -> I<sizeof(a)> { return {}; }
template<class T> auto o38(T a) -> I<sizeof(T)> { return {}; }
template<class T> auto o39(T a) -> I<alignof(T)> { return {}; }
template<class T> auto o40(T a) -> I<__alignof__(a)> { return {}; }
template<class... T> auto o41(T... a) -> I<sizeof...(T)> { return {}; }
template<class... T> auto o42(T... a) -> I<sizeof...(a)> { return {}; }
template<class T> auto o43(T a) -> Bo<noexcept(a + a)> { return {}; }
template<class T> auto o44(T a) -> decltype(typeid(T)) { return typeid(T); }
template<class T> auto o45(T a) -> decltype(typeid(a)) { return typeid(a); }
template<class T> auto o46(T a) -> decltype(throw a) { }
template<class T> auto o47(T a) -> decltype(throw) { }
template<class T> auto o48(T a) -> decltype(glob(a)) { return 0; }
template<class T> auto o49(T a) -> decltype(ov(a)) { return 0; }
template<class T> auto o50(T a) -> decltype(tov<T>(a)) { return 0; }
template<class T> auto o51(T a) -> decltype(::n::glob(a)) { return 0; }
template<class T> auto o52(T a) -> I<Tr<T>::v> { return {}; }
template<class T> auto o53(T a) -> I<Tr<T>::template In<int>::w + 0 * sizeof(T)>*;
template<class T> auto o54(T a) -> decltype(Tr<T>::call(a)) { return 0; }
template<class T> auto o55(T a) -> decltype(Tr<T>::template call<T>(a)) { return 0; }
template<class T> auto o56(T a) -> decltype(a.template g<int>(1)) { return 0; }
template<class T> auto o57(T a) -> decltype(a.~T()) { }
template<class T> auto o58(T a) -> decltype(a.T::f(1)) { return 0; }
template<class T> auto o59(T a) -> decltype(a <=> a) { return a <=> a; }
template<class T> auto o60(T a) -> decltype(a && a || a) { return true; }
template<class T> auto o61(T a) -> decltype((a & a) | (a ^ a)) { return a; }
template<class T> auto o62(T a) -> decltype(a << a >> a) { return a; }
template<class T> auto o63(T a) -> decltype(a == a, a != a, a < a, a > a, a <= a, a >= a) { return true; }
template<class T> auto o64(T a) -> decltype(a += a, a -= a, a *= a, a /= a, a %= a, a &= a, a |= a, a ^= a, a <<= a, a >>= a) { throw 1; }
template<class T> auto o65(T a) -> decltype(a.operator->()) { return a.operator->(); }
template<class T> auto o66(T a) -> decltype(a - a * a / a % a) { return a; }
template<class... T> auto f01(T... a) -> decltype((a + ...)) { return (a + ...); }
template<class... T> auto f02(T... a) -> decltype((... + a)) { return (... + a); }
template<class... T> auto f03(T... a) -> decltype((0 + ... + a)) { return (0 + ... + a); }
template<class... T> auto f04(T... a) -> decltype((a + ... + 0)) { return (a + ... + 0); }
template<class... T> auto f05(T... a) -> decltype(glob(a...)) { return glob(a...); }
template<class... T> auto f06(T... a) -> L<Tr<T>...> { return {}; }
template<class... T> auto f07(T... a) -> decltype(((a, 1) + ...)) { return 1; }
template<class T> auto l01(T a) -> decltype(a + 1.5) { return 0; }
template<class T> auto l02(T a) -> decltype(a + 1.5f) { return 0; }
template<class T> auto l03(T a) -> decltype(a + 'c' + 1u + 1l + 1ul + 1ll + 1ull + true) { return 0; }
template<class T> auto l04(T a) -> decltype(a == nullptr) { return true; }
template<class T> auto l05(T a) -> decltype(glob(-1) + a) { return 0; }
template<class T> auto l06(T a) -> decltype("abc"[0] + a) { return 0; }
template<class T> auto l07(T a) -> decltype(a.f(n::s.a)) { return 0; }
template<class T> auto l08(T a) -> decltype(T{1, 2}.a) { return 0; }
struct Ag { int x; int y[2]; struct { int z; } w; };
template<class T> auto d01(T a) -> decltype(T{.x = 1, .y = {1, 2}}) { return {}; }
template<class T> auto d02(T a) -> decltype(T{.y = {[0] = 3}}) { return {}; }
template<auto V> struct A { };
inline auto lam1 = [](auto x) { return x; };
inline auto lam2 = []<class T, int N, template<class> class TT>(T x, I<N>, TT<T>) { return x; };
template<class T> auto lam3(T a) { return [a](int, auto... y) { return a; }; }
template<class T, int N> void r01(T (&)[N]) {}
template<class T> void r02(T (&)[sizeof(T)]) {}
template<class T> auto r03(T a) -> int (*)[sizeof(a)] { return 0; }
template<class T> void r04(void (T::*)() noexcept(sizeof(T) == 4)) {}
template<class T> void r05(T a) noexcept(noexcept(a + a)) {}
template<bool B> void r06(void (*)() noexcept(B)) {}
template<class T> typename T::type t01(T) { return {}; }
template<class T> typename T::template In<int>::type t02(T) { return {}; }
template<template<class> class TT> void t03(TT<int>) {}
template<int (*F)(int)> void t04() {}
template<int S::* M> void t05() {}
template<int (S::*M)(int)> void t06() {}
template<const char* P> void t07() {}
extern const char str[] = "x";
template<auto& R> void t08() {}
int arr[4];
template<int* P> void t09() {}
void all() {
 S x; int i = 0; int* p = &i; double d = 0; auto sp = &x;
 o01(1, 2); o02(i, 2); o03(1, 2); o04(1, 2); o05(1); o06(1); o07(1); o08(1); o09(p); o10(1); o11(1); o12(1); o13(1); o14(1, 2); o15(p, 2); o16(glob, 2); o17(x); o18(sp); o19(x, &S::a); o20(sp, &S::a); o21(1); o22(1); o23(p); o25(1); o26(1); o27(1); o28(1); o30(1); o31(1); o32(1); o33(1); o34(p); o35(p); o36(p); o37(1); o38(1); o39(1); o40(1); o41(1, 2); o42(1, 2); o43(1); o44(1); o45(1); o46(1); o47(1); o48(1); o49(1); o50(1); o51(1); o52(1); o54(1); o55(1); o56(x); o57(x); o58(x); o59(1); o60(1); o61(1); o62(1); o63(1); o64(1); o65(x); o66(1);
 f01(1, 2); f02(1, 2); f03(1, 2); f04(1, 2); f05(1); f06(1, 2); f07(1, 2);
 l01(1); l02(1); l03(1); l04(p); l05(1); l06(1); l07(x); 
 d01(Ag{});
 lam1(1); lam2(1, I<3>{}, Tr<int>{}); lam3(1)(1, 2, 3);
 r01(arr); r04<S>(nullptr); r05(1); r06<true>(nullptr); r06<false>(nullptr);
 t01(Tr<int>{}); t02(Tr<int>{}); t03(Tr<int>{}); t04<glob>(); t05<&S::a>(); t05<nullptr>(); t06<&S::f>(); t07<str>(); t08<arr>(); t09<&arr[2]>(); t09<nullptr>();
}
}
