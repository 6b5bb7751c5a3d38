// See expression.h. A recursive descent parser that evaluates while parsing: each operand is a whole column or a
// number.
#include "expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "../core/activations.h"
#include "failure.h"

namespace tame {

namespace {

constexpr int kDeepest = 64;  // levels of nesting

// A column, or one number for all rows.
struct Operand {
  std::vector<float> column;
  float number = 0;
  bool is_column = false;
};

struct Function {
  const char* name;
  int arguments;
  float (*apply)(float a, float b, float c);
};

constexpr Function kFunctions[] = {
    {"min", 2, [](float a, float b, float) { return std::fmin(a, b); }},
    {"max", 2, [](float a, float b, float) { return std::fmax(a, b); }},
    {"exp", 1, [](float a, float, float) { return std::exp(a); }},
    {"log", 1, [](float a, float, float) { return std::log(a); }},
    {"sqrt", 1, [](float a, float, float) { return std::sqrt(a); }},
    {"abs", 1, [](float a, float, float) { return std::fabs(a); }},
    {"floor", 1, [](float a, float, float) { return std::floor(a); }},
    {"sigmoid", 1, [](float a, float, float) { return core::sigmoid(a); }},
    {"logit", 1, [](float a, float, float) { return core::logit(a); }},
    {"choose", 3, [](float a, float b, float c) { return a != 0 ? b : c; }},
};

struct Operator {
  const char* text;
  float (*apply)(float a, float b);
};

// By increasing precedence; an operator comes before its prefixes.
constexpr Operator kOr[] = {{"|", [](float a, float b) { return a != 0 || b != 0 ? 1.f : 0.f; }}};
constexpr Operator kAnd[] = {{"&", [](float a, float b) { return a != 0 && b != 0 ? 1.f : 0.f; }}};
constexpr Operator kComparisons[] = {{"<=", [](float a, float b) { return a <= b ? 1.f : 0.f; }},
                                     {">=", [](float a, float b) { return a >= b ? 1.f : 0.f; }},
                                     {"==", [](float a, float b) { return a == b ? 1.f : 0.f; }},
                                     {"!=", [](float a, float b) { return a != b ? 1.f : 0.f; }},
                                     {"<", [](float a, float b) { return a < b ? 1.f : 0.f; }},
                                     {">", [](float a, float b) { return a > b ? 1.f : 0.f; }}};
constexpr Operator kSums[] = {{"+", [](float a, float b) { return a + b; }},
                              {"-", [](float a, float b) { return a - b; }}};
constexpr Operator kProducts[] = {{"*", [](float a, float b) { return a * b; }},
                                  {"/", [](float a, float b) { return a / b; }}};

class Parser {
 public:
  Parser(const char* what, std::string_view text, size_t rows, const ColumnSource& columns)
      : what_(what), text_(text), rows_(rows), columns_(columns) {}

  std::vector<float> run() {
    Operand value = level(0);
    skip_spaces();
    if (at_ != text_.size()) reject("expected an operator or the end");
    if (!value.is_column) value.column.assign(rows_, value.number);
    return std::move(value.column);
  }

 private:
  [[noreturn]] void reject(const std::string& why) const {
    const std::string text(text_.substr(0, 200));
    fail(TAME_INVALID_ARGUMENT, "%s \"%s\" at byte %zu: %s", what_, text.c_str(), at_, why.c_str());
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  template <size_t n>
  const Operator* take_operator(const Operator (&operators)[n]) {
    for (const Operator& each : operators)
      if (take(each.text)) return &each;
    return nullptr;
  }
  const Operator* operator_of(int level) {
    switch (level) {
      case 0:
        return take_operator(kOr);
      case 1:
        return take_operator(kAnd);
      case 2:
        return take_operator(kComparisons);
      case 3:
        return take_operator(kSums);
      default:
        return take_operator(kProducts);
    }
  }

  Operand level(int number) {
    if (number == 5) return unary();
    Operand left = level(number + 1);
    while (const Operator* each = operator_of(number)) {
      const Operand right = level(number + 1);
      left = combine(std::move(left), right, each->apply);
    }
    return left;
  }

  Operand unary() {
    if (++depth_ > kDeepest) reject("expected at most 64 levels of nesting");
    Operand value;
    if (take("-"))
      value = combine(unary(), {}, [](float a, float) { return -a; });
    else if (take("!"))
      value = combine(unary(), {}, [](float a, float) { return a != 0 ? 0.f : 1.f; });
    else
      value = primary();
    --depth_;
    return value;
  }

  Operand primary() {
    skip_spaces();
    if (take("(")) {
      Operand value = level(0);
      if (!take(")")) reject("expected \")\"");
      return value;
    }
    if (at_ < text_.size() && ((text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '.')) return number();
    const size_t first = at_;
    const std::string_view name = identifier();
    if (name.empty()) reject("expected a number, a column, a function or \"(\"");
    const bool is_call = take("(");
    const Function* const function = is_call ? function_of(name) : nullptr;
    if (function != nullptr) return call(*function);
    std::optional<std::vector<float>> column = is_call ? std::nullopt : columns_(name);
    if (!column.has_value()) {
      at_ = first;
      const std::string quoted = '"' + std::string(name.substr(0, 64)) + '"';
      reject(is_call ? "there is no function " + quoted
                     : "there is no column " + quoted + " with one value per Gaussian");
    }
    Operand value;
    value.is_column = true;
    value.column = std::move(*column);
    return value;
  }

  Operand number() {
    Operand value;
    // Parsed as a double and rounded to float, like a caller's double.
    double number = 0;
    const auto parsed = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (parsed.ec != std::errc()) reject("expected a number that fits in 64 bits");
    value.number = float(number);
    at_ = size_t(parsed.ptr - text_.data());
    return value;
  }

  std::string_view identifier() {
    const size_t first = at_;
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto is_more = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.'; };
    if (at_ < text_.size() && is_letter(text_[at_]))
      while (at_ < text_.size() && is_more(text_[at_])) ++at_;
    return text_.substr(first, at_ - first);
  }

  static const Function* function_of(std::string_view name) {
    const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                        [&](const Function& each) { return name == each.name; });
    return function == std::end(kFunctions) ? nullptr : function;
  }

  Operand call(const Function& function) {
    Operand arguments[3];
    for (int k = 0; k < function.arguments; ++k) {
      if (k != 0 && !take(",")) reject("expected \",\" and another argument");
      arguments[k] = level(0);
    }
    if (!take(")")) reject("expected \")\"");
    return apply(arguments, function.apply);
  }

  Operand combine(Operand left, const Operand& right, float (*operation)(float, float)) const {
    if (!left.is_column && !right.is_column) {
      left.number = operation(left.number, right.number);
      return left;
    }
    if (!left.is_column) {
      Operand out = right;
      for (float& value : out.column) value = operation(left.number, value);
      return out;
    }
    for (size_t i = 0; i < rows_; ++i)
      left.column[i] = operation(left.column[i], right.is_column ? right.column[i] : right.number);
    return left;
  }

  Operand apply(const Operand (&a)[3], float (*function)(float, float, float)) const {
    const auto at = [](const Operand& operand, size_t i) {
      return operand.is_column ? operand.column[i] : operand.number;
    };
    Operand out;
    out.is_column = a[0].is_column || a[1].is_column || a[2].is_column;
    if (!out.is_column) {
      out.number = function(a[0].number, a[1].number, a[2].number);
      return out;
    }
    out.column.resize(rows_);
    for (size_t i = 0; i < rows_; ++i) out.column[i] = function(at(a[0], i), at(a[1], i), at(a[2], i));
    return out;
  }

  const char* const what_;
  const std::string_view text_;
  const size_t rows_;
  const ColumnSource& columns_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<float> evaluate_expression(const char* what, std::string_view text, size_t rows,
                                       const ColumnSource& columns) {
  return Parser(what, text, rows, columns).run();
}

}  // namespace tame
