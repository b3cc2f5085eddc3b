// C++ exceptions of every kind: built by `scripts/material exceptions` in both encodings, the
// standard one (`try_table`, exnref) and the one that LLVM emits by default (`try`, `catch`).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int alive = 0;

// Says when it goes, and counts what is left.
struct Guard {
  explicit Guard(const char* name) : name(name) { alive++; }
  Guard(const Guard&) = delete;
  ~Guard() {
    alive--;
    std::printf("    ~%s%s\n", name, std::uncaught_exceptions() ? " while unwinding" : "");
  }
  const char* name;
};

struct Large {
  int values[64];
};

struct Base {
  virtual ~Base() = default;
  virtual const char* what() const { return "base"; }
};
struct Left : virtual Base {
  const char* what() const override { return "left"; }
};
struct Right : virtual Base {};
struct Both : Left, Right {
  const char* what() const override { return "both"; }
};

[[gnu::noinline]] void thrower(int kind) {
  Guard guard("thrower");
  switch (kind) {
    case 0: return;
    case 1: throw 42;
    case 2: throw 2.5;
    case 3: throw "a pointer";
    case 4: throw std::string("a string that is too long for the small buffer of strings");
    case 5: throw std::runtime_error("a runtime error");
    case 6: throw std::out_of_range("out of range");
    case 7: {
      Large large;
      for (int i = 0; i < 64; i++) large.values[i] = i * i;
      throw large;
    }
    case 8: throw Both();
    case 9: throw std::bad_alloc();
    default: throw std::make_unique<int>(kind);
  }
}

[[gnu::noinline]] void catcher(int kind) {
  try {
    Guard guard("catcher");
    thrower(kind);
    std::printf("  nothing thrown\n");
  } catch (int value) {
    std::printf("  int %d\n", value);
  } catch (double value) {
    std::printf("  double %g\n", value);
  } catch (const char* value) {
    std::printf("  %s\n", value);
  } catch (const std::string& value) {
    std::printf("  %s\n", value.c_str());
  } catch (const std::logic_error& error) {
    std::printf("  logic error: %s\n", error.what());
  } catch (const std::exception& error) {
    std::printf("  exception: %s\n", error.what());
  } catch (const Large& large) {
    long sum = 0;
    for (int value : large.values) sum += value;
    std::printf("  large: %ld\n", sum);
  } catch (const Base& base) {
    std::printf("  %s\n", base.what());
  } catch (...) {
    std::printf("  something else\n");
  }
}

// Rethrown from two handlers, the second time as another one.
void rethrowing() {
  try {
    try {
      try {
        Guard guard("rethrowing");
        throw std::runtime_error("first");
      } catch (const std::exception& error) {
        std::printf("  inner: %s\n", error.what());
        throw;
      }
    } catch (std::runtime_error& error) {
      std::printf("  middle: %s\n", error.what());
      Guard guard("middle");
      throw std::invalid_argument(std::string(error.what()) + ", then second");
    }
  } catch (const std::invalid_argument& error) {
    std::printf("  outer: %s\n", error.what());
  }
}

// Destructors that throw and catch while another exception is under way.
struct Careful {
  ~Careful() {
    try {
      Guard guard("careful");
      throw 1;
    } catch (int) {
      std::printf("    caught inside a destructor, %d under way\n", std::uncaught_exceptions());
    }
  }
};

void nested() {
  try {
    Careful one, two;
    throw std::runtime_error("outer");
  } catch (const std::exception& error) {
    std::printf("  %s\n", error.what());
    try {
      throw 7;
    } catch (int value) {
      std::printf("  %d inside the handler of: %s\n", value, error.what());
    }
  }
}

// A constructor that fails: what was made goes, what was not does not.
struct Member {
  explicit Member(int number) : number(number) {
    if (number == 3) throw number;
    alive++;
  }
  ~Member() {
    alive--;
    std::printf("    ~member %d\n", number);
  }
  int number;
};
struct Whole {
  Whole() : one(1), two(2), three(3) {}
  ~Whole() { std::printf("    never\n"); }
  Member one, two, three;
};

void constructors() {
  try {
    Whole whole;
  } catch (int number) {
    std::printf("  member %d failed\n", number);
  }
  try {
    std::vector<int> values(3);
    values.at(3) = 1;
  } catch (const std::out_of_range&) {
    std::printf("  vector: out of range\n");
  }
}

[[gnu::noinline]] long deep(long depth) {
  Member member(depth % 2 ? 1 : 2);
  if (depth == 0) throw depth;
  return deep(depth - 1) + member.number;
}

// Loops over throwing calls: locals changed in the loop are right in the handler.
void loops() {
  long caught = 0, sum = 0;
  for (long i = 0; i < 10000; i++) {
    double weight = static_cast<double>(i) / 2;
    try {
      sum += i;
      if (i % 3 == 0) throw i;
      if (i % 5 == 0) throw weight;
      sum -= 1;
    } catch (long value) {
      caught += value == i;
    } catch (double value) {
      caught += value == weight;
      sum += static_cast<long>(value);
    }
  }
  std::printf("  %ld caught, sum %ld\n", caught, sum);
}

void pointers() {
  std::exception_ptr kept;
  try {
    throw std::runtime_error("kept");
  } catch (...) {
    kept = std::current_exception();
  }
  for (int i = 0; i < 2; i++) {
    try {
      std::rethrow_exception(kept);
    } catch (const std::exception& error) {
      std::printf("  %s, again\n", error.what());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    // Nobody catches it: destructors run, then the program traps.
    std::setbuf(stdout, nullptr);
    Guard guard("main");
    std::printf("uncaught\n");
    thrower(std::atoi(argv[1]));
  }
  for (int kind = 0; kind <= 10; kind++) {
    std::printf("kind %d\n", kind);
    catcher(kind);
  }
  std::printf("rethrowing\n");
  rethrowing();
  std::printf("nested\n");
  nested();
  std::printf("constructors\n");
  constructors();
  std::printf("deep\n");
  try {
    deep(5);
  } catch (long depth) {
    std::printf("  from depth %ld\n", depth);
  }
  std::printf("loops\n");
  loops();
  std::printf("pointers\n");
  pointers();
  std::printf("%d alive\n", alive);
  return alive;
}
