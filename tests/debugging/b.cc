// What C++ adds to C, for the tests of debuggers: references, classes with virtual functions,
// templates, namespaces, pointers to members, lambdas. No library but C's.

#include <stdio.h>

namespace shapes {

struct Point {
  int x, y;
};

class Shape {
public:
  explicit Shape(const char *name) : name_(name) {}
  virtual int area() const { return 0; }
  const char *name() const { return name_; }

protected:
  const char *name_;
};

class Box : public Shape {
public:
  Box(Point from, Point to) : Shape("box"), from_(from), to_(to) {}
  int area() const override {
    int wide = to_.x - from_.x;
    int high = to_.y - from_.y;
    return wide * high;
  }

private:
  Point from_, to_;
};

template <typename T, int N> struct Array {
  T items[N];
  const T &operator[](int index) const { return items[index]; }
};

int total(const Array<const Shape *, 2> &shapes) {
  int sum = 0;
  auto add = [&sum](const Shape &shape) { sum += shape.area(); };
  for (int i = 0; i < 2; i++)
    add(*shapes[i]);
  return sum;
}

} // namespace shapes

using namespace shapes;

enum class Color : unsigned char { Red, Green };

int main() {
  Box small({1, 2}, {4, 6});
  Box large({0, 0}, {10, 10});
  const Array<const Shape *, 2> shapes = {{&small, &large}};
  Point corner = {3, 4};
  Point &alias = corner;
  int Point::*member = &Point::y;
  Color color = Color::Green;
  alias.x += total(shapes);
  printf("%d %d %d %s\n", corner.x, alias.*member, static_cast<int>(color), small.name());
  return 0;
}
