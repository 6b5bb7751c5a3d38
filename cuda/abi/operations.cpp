// See operations.h.
#include "operations.h"

#include <cmath>
#include <iterator>

#include "../core/activations.h"

namespace tame {

namespace {

template <auto function>
void apply1(const float* a, const float*, const float*, float* __restrict__ out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = function(a[i]);
}
template <auto function>
void apply2(const float* a, const float* b, const float*, float* __restrict__ out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = function(a[i], b[i]);
}

float negative(float a) {
  return -a;
}
float is_zero(float a) {
  return a != 0 ? 0.f : 1.f;
}
float exponential(float a) {
  return std::exp(a);
}
float logarithm(float a) {
  return std::log(a);
}
float square_root(float a) {
  return std::sqrt(a);
}
float absolute(float a) {
  return std::fabs(a);
}
float rounded_down(float a) {
  return std::floor(a);
}
float sigmoid(float a) {
  return core::sigmoid(a);
}
float logit(float a) {
  return core::logit(a);
}

// NaN only if both are NaN, as fmin and fmax, which g++ does not vectorise.
float smaller(float a, float b) {
  return a > b || a != a ? b : a;
}
float larger(float a, float b) {
  return a < b || a != a ? b : a;
}
float either(float a, float b) {
  return a != 0 || b != 0 ? 1.f : 0.f;
}
float both(float a, float b) {
  return a != 0 && b != 0 ? 1.f : 0.f;
}
float at_most(float a, float b) {
  return a <= b ? 1.f : 0.f;
}
float at_least(float a, float b) {
  return a >= b ? 1.f : 0.f;
}
float equal(float a, float b) {
  return a == b ? 1.f : 0.f;
}
float unequal(float a, float b) {
  return a != b ? 1.f : 0.f;
}
float less(float a, float b) {
  return a < b ? 1.f : 0.f;
}
float greater(float a, float b) {
  return a > b ? 1.f : 0.f;
}
float sum(float a, float b) {
  return a + b;
}
float difference(float a, float b) {
  return a - b;
}
float product(float a, float b) {
  return a * b;
}
float quotient(float a, float b) {
  return a / b;
}

void choose(const float* a, const float* b, const float* c, float* __restrict__ out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = a[i] != 0 ? b[i] : c[i];
}

constexpr Operation kFunctions[] = {
    {"min", 2, apply2<smaller>},        {"max", 2, apply2<larger>},
    {"exp", 1, apply1<exponential>},    {"log", 1, apply1<logarithm>},
    {"sqrt", 1, apply1<square_root>},   {"abs", 1, apply1<absolute>},
    {"floor", 1, apply1<rounded_down>}, {"sigmoid", 1, apply1<sigmoid>},
    {"logit", 1, apply1<logit>},        {"choose", 3, choose},
};

constexpr Operation kUnary[] = {{"-", 1, apply1<negative>}, {"!", 1, apply1<is_zero>}};

struct Binary {
  int precedence;
  Operation operation;
};

// An operator comes before its prefixes.
constexpr Binary kBinary[] = {
    {0, {"|", 2, apply2<either>}},     {1, {"&", 2, apply2<both>}},    {2, {"<=", 2, apply2<at_most>}},
    {2, {">=", 2, apply2<at_least>}},  {2, {"==", 2, apply2<equal>}},  {2, {"!=", 2, apply2<unequal>}},
    {2, {"<", 2, apply2<less>}},       {2, {">", 2, apply2<greater>}}, {3, {"+", 2, apply2<sum>}},
    {3, {"-", 2, apply2<difference>}}, {4, {"*", 2, apply2<product>}}, {4, {"/", 2, apply2<quotient>}},
};

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

const Operation* function_named(std::string_view name) {
  for (const Operation& each : kFunctions)
    if (name == each.text) return &each;
  return nullptr;
}

const Operation* operator_at(std::string_view text, int precedence) {
  for (const Binary& each : kBinary)
    if (each.precedence == precedence && begins_with(text, each.operation.text)) return &each.operation;
  return nullptr;
}

const Operation* unary_operator_at(std::string_view text) {
  for (const Operation& each : kUnary)
    if (begins_with(text, each.text)) return &each;
  return nullptr;
}

}  // namespace tame
