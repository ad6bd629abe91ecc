#include "shapes.h"

namespace geo {

int Strip::area() const {
  int sum = 0;
  for (int i = 0; i < length_; i++)
    sum += clamp(width_ - i, 0, 100);
  return sum;
}

namespace {

volatile int sink;

__attribute__((noinline)) void note(int value) {
  sink = value;
}

__attribute__((cold, noinline)) void complain(int value) {
  note(-value);
  note(value);
}

}  // namespace

int total(Shape *const *shapes, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) {
    if (shapes[i] == nullptr) {
      complain(i);
      continue;
    }
    sum += shapes[i]->area();
  }
  return sum;
}

int risky(int value) {
  auto twice = [&](int x) {
    if (__builtin_expect(x > 1000, 0)) complain(x);
    return clamp(x * 2, -50, value);
  };
  switch (value & 7) {
    case 0: return twice(value);
    case 1: return twice(value + 3) - 1;
    case 2: note(value); return 2;
    case 3: return twice(twice(value));
    case 4: complain(value); break;
    default: break;
  }
  return value / 3;
}

}  // namespace geo
