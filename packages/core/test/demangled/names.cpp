// Declarations with names and types of every kind, for itanium-names.tsv: `clang++-19 -std=c++23 -c`, then `nm`.
#include <string>
#include <iostream>
namespace m {
struct P { int a, b; }; P mk();
auto [x, y] = mk();
static auto& [u, v] = *new P;
struct [[gnu::abi_tag("t1", "t2")]] Tag { Tag(); };
[[gnu::abi_tag("z")]] Tag tagged(Tag) { return Tag(); }
int en(int a) __attribute__((enable_if(a > 3, ""))) { return a; }
template<class T> int en2(T a) __attribute__((enable_if(sizeof(T) > 3, "big"), enable_if(a == 1, ""))) { return 1; }
typedef int V4 __attribute__((vector_size(16))); typedef float EV __attribute__((ext_vector_type(3)));
void vec(V4, EV) {}
template<int N> using VN = int __attribute__((vector_size(N)));
template<int N> void vecn(VN<N>) {}
void as(int __attribute__((address_space(3)))*) {}
void cplx(_Complex double, __int128, unsigned __int128, _Float16, __bf16) {}
void bits(_BitInt(37), unsigned _BitInt(5)) {}
template<int N> void bitsn(_BitInt(N)) {}
void str(std::string, std::wstring, std::string*, std::istream&, std::ostream&, std::iostream&, std::allocator<char>) {}
const int& tmp() { static const int& r = 5; return r; }
inline int guard() { static int x = mk().a; return x; }
struct B { virtual ~B(); virtual B* c(); virtual void f(); int q; }; struct B2 { virtual ~B2(); virtual B2* c2(); };
struct D : virtual B, B2 { ~D(); D* c() override; D* c2() override; void f() override; };
D::~D() {} D* D::c() { return this; } D* D::c2() { return this; } void D::f() {} B::~B() {} B* B::c() { return this; } void B::f() {} B2::~B2() {} B2* B2::c2() { return this; }
thread_local P tl = mk(); P& usetl() { return tl; }
inline auto def(int a = [] { return 1; }(), int b = [](auto q) { return q; }(2)) { return a + b; }
inline int loc() { struct X { int f() { enum { e } z = e; struct Y { int g() { return 7; } } y; return y.g() + z; } } x; auto l = [] { struct Z { int h() { return 1; } }; return Z().h(); }; return x.f() + l() + def(); }
int useloc() { return loc(); }
template<class... T> struct Tup {}; template<class... T> void pk(Tup<T...>, Tup<const T&...>, Tup<T*...>, T (&...)[3], void (*...f)(T)) {}
template<template<class...> class... TT> void tts(TT<int>...) {}
template<class T> concept C = sizeof(T) > 1;
template<C T> void con(T) {}
template<class T> requires C<T> void con2(T) requires (sizeof(T) > 2) {}
void ab(C auto, auto...) {}
auto clam = []<C T, auto N, template<class, int> class TT, class... R>(T, R...) requires C<T> { return N; };
void dyn() throw();
template<class T> void fnq(void (T::*)() const volatile &, void (T::*)() &&, void (T::*)() const noexcept) {}
struct Op { operator int() const; operator Op*(); void operator()(); void operator[](int); Op* operator->(); Op& operator->*(int); void operator,(int); Op& operator=(Op&&); Op(const Op&); Op(); void* operator new[](std::size_t); void operator delete[](void*); void operator delete(void*); bool operator!(); Op operator~(); Op& operator++(); Op operator--(int); };
long operator""_lit(unsigned long long) { return 1; }
Op::operator int() const { return 1; } Op::operator Op*() { return this; } void Op::operator()() {} void Op::operator[](int) {} Op* Op::operator->() { return this; } Op& Op::operator->*(int) { return *this; } void Op::operator,(int) {} Op& Op::operator=(Op&&) { return *this; } void* Op::operator new[](std::size_t n) { return 0; } void Op::operator delete[](void*) {} void Op::operator delete(void*) {} bool Op::operator!() { return false; } Op Op::operator~() { return *this; } Op& Op::operator++() { return *this; } Op Op::operator--(int) { return *this; }
struct Inh : P { using P::P; }; 
template<class T> struct Ctor { Ctor(T); template<class U> Ctor(U, int); ~Ctor(); template<class U> operator U(); }; template<class T> Ctor<T>::Ctor(T) {} template<class T> template<class U> Ctor<T>::Ctor(U, int) {} template<class T> Ctor<T>::~Ctor() {} template<class T> template<class U> Ctor<T>::operator U() { return U(); }
int P::* mp(int P::*, int (P::*)(int) const) { return 0; }
void arrs(int (&)[3][4], int (*)[], const int (&&)[2]) {}
void nn(decltype(nullptr), char8_t, char16_t, char32_t, wchar_t, bool, signed char, unsigned char, short, unsigned short, long long, unsigned long long, long double, __float128) {}
void va(const char*, ...) {}
void rest(int* __restrict, volatile int* const, int P::* __restrict) {}
static union { int anon; struct { int deep; }; };
void useall() { en(4); en2(1); vecn<16>({}); bitsn<9>(1); int q[3]; pk<int, char>({}, {}, {}, q, *(char(*)[3])q, nullptr, nullptr); tts<Tup, Tup>({}, {}); con(1); con2(4); ab(1, 2, 3); fnq<P>(nullptr, nullptr, nullptr); Ctor<int> c(1); Ctor<int> c2("", 3); (void)(long)c; tmp(); guard(); }
}
