/** Names stay recognisable when they are cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { shortFunctionName } from "./short-name.ts";

const cases: [string, string][] = [
  ["main", "main"],
  ["Player::drawHud(Canvas&)", "Player::drawHud(…)"],
  ["Inventory::count() const", "Inventory::count() const"],
  ["std::vector<int, std::allocator<int>>::push_back(int const&)", "std::vector<…>::push_back(…)"],
  ["(anonymous namespace)::load(char const*)", "(anonymous namespace)::load(…)"],
  ["Less::operator()(int, int) const", "Less::operator()(…) const"],
  ["operator<<(std::ostream&, Point const&)", "operator<<(…)"],
  ["Map<Key, decltype(a->b)>::find(Key)", "Map<…>::find(…)"],
  ["<alloc::vec::Vec<T> as core::ops::Index>::index", "<alloc::vec::Vec<…> as core::ops::Index>::index"],
  ["public: virtual void __cdecl Shape<int>::draw(void (__cdecl *)(int)) const", "Shape<…>::draw(…) const"],
  ["[thunk]: public: virtual void __thiscall Shape::draw`adjustor{16}'(int)", "Shape::draw`adjustor{16}'(…)"],
  ["class std::vector<int> __cdecl load(char const *)", "load(…)"],
  ["public: __cdecl Shape::~Shape(void)", "Shape::~Shape(…)"],
  ["broken<never closed", "broken<…>"],
];

for (const [full, short] of cases) {
  test(`${full} → ${short}`, () => assert.equal(shortFunctionName(full), short));
}
