// Inlined across files: a template, a class with virtual functions, calls nested three deep.
#pragma once

namespace geo {

template <typename T, int N>
class Ring {
 public:
  T &at(int index) { return items_[wrap(index)]; }
  void push(T value) {
    at(next_) = value;
    next_ = wrap(next_ + 1);
  }

 private:
  static int wrap(int index) {
    if (index < 0) index += N;
    return index % N;
  }
  T items_[N] = {};
  int next_ = 0;
};

struct Shape {
  virtual ~Shape() {}
  virtual int area() const = 0;
};

struct Square : Shape {
  explicit Square(int side) : side_(side) {}
  int area() const override { return side_ * side_; }
  int side_;
};

struct Strip : Shape {
  Strip(int length, int width) : length_(length), width_(width) {}
  int area() const override;
  int length_, width_;
};

inline int clamp(int value, int low, int high) {
  if (value < low) return low;
  return value > high ? high : value;
}

int total(Shape *const *shapes, int count);
int risky(int value);

}  // namespace geo
