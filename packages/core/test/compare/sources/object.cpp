// Code in one section, with calls inlined two deep: object files are compared by it.

static int counter;

static inline __attribute__((always_inline)) int step(int value) {
  counter += value;
  return counter * 3;
}

static inline __attribute__((always_inline)) int twice(int value) {
  int first = step(value);
  return first + step(value + 1);
}

extern "C" int first(int seed) {
  int sum = 0;
  for (int i = 0; i < seed; i++)
    sum += twice(i);
  return sum;
}

extern "C" int second(int seed) {
  if (seed < 0)
    return first(-seed);
  return twice(seed) - first(seed);
}
