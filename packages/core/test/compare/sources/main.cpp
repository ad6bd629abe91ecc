#include "shapes.h"

using geo::Ring;

static Ring<int, 7> ring;
static Ring<long, 16> wide;

extern "C" void *memset(void *to, int value, __SIZE_TYPE__ count) {
  char *at = static_cast<char *>(to);
  while (count-- > 0) *at++ = static_cast<char>(value);
  return to;
}

void operator delete(void *) noexcept {}
void operator delete(void *, __SIZE_TYPE__) noexcept {}

struct Visitor {
  template <typename F>
  void each(int count, F visit) {
    for (int i = 0; i < count; i++) visit(i, ring.at(i));
  }
  int operator()(int value) { return depth(value, 0); }
  static int depth(int value, int level) {
    if (value <= 0) return level;
    return depth(value - 2, level + 1) + ring.at(level);
  }
};

__attribute__((noinline)) static int fill(int seed) {
  for (int i = 0; i < 20; i++) {
    ring.push(seed + i);
    wide.push(seed * 3L - i);
  }
  return ring.at(-1);
}

extern "C" int run(int seed) {
  geo::Square square(seed);
  geo::Strip strip(seed, 4);
  geo::Shape *shapes[] = {&square, nullptr, &strip};
  int sum = geo::total(shapes, 3) + fill(seed);
  Visitor visitor;
  visitor.each(5, [&](int index, int value) { sum += index * value; });
  sum += visitor(seed);
  for (int i = 0; i < 4; i++) sum += geo::risky(sum + i) + static_cast<int>(wide.at(i));
  return sum;
}
