// See expression.h. A recursive descent parser makes a list of nodes, each after its arguments; they are evaluated
// block by block of rows, so that what is in between stays in the cache.
#include "expression.h"

#include <algorithm>
#include <locale>
#include <sstream>
#include <string>

#include "failure.h"
#include "operations.h"

namespace tame {

namespace {

constexpr int kDeepest = 64;    // levels of nesting
constexpr size_t kBlock = 512;  // rows

// A column, a number or an operation on earlier nodes.
struct Node {
  const Operation* operation = nullptr;
  const float* column = nullptr;
  float number = 0;
  size_t arguments[3] = {};
};

class Parser {
 public:
  Parser(const char* what, std::string_view text, const ColumnSource& columns)
      : what_(what), text_(text), columns_(columns) {}

  // The last node is the whole.
  std::vector<Node> run() {
    level(0);
    skip_spaces();
    if (at_ != text_.size()) reject("expected an operator or the end");
    return std::move(nodes_);
  }

 private:
  [[noreturn]] void reject(const std::string& why) const {
    const std::string text(text_.substr(0, 200));
    fail(TAME_INVALID_ARGUMENT, "%s \"%s\" at byte %zu: %s", what_, text.c_str(), at_, why.c_str());
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  std::string_view rest() {
    skip_spaces();
    return text_.substr(at_);
  }
  bool take(std::string_view token) {
    if (rest().substr(0, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  // Every function below returns the index of its node.
  size_t add(const Node& node) {
    nodes_.push_back(node);
    return nodes_.size() - 1;
  }
  size_t add(const Operation& operation, size_t a, size_t b = 0, size_t c = 0) {
    return add({&operation, nullptr, 0, {a, b, c}});
  }

  size_t level(int precedence) {
    if (precedence == kPrecedences) return unary();
    size_t left = level(precedence + 1);
    while (const Operation* operation = operator_at(rest(), precedence)) {
      take(operation->text);
      left = add(*operation, left, level(precedence + 1));
    }
    return left;
  }

  size_t unary() {
    if (++depth_ > kDeepest) reject("expected at most 64 levels of nesting");
    const Operation* const operation = unary_operator_at(rest());
    if (operation != nullptr) take(operation->text);
    const size_t value = operation != nullptr ? add(*operation, unary()) : primary();
    --depth_;
    return value;
  }

  size_t primary() {
    skip_spaces();
    if (take("(")) {
      const size_t value = level(0);
      if (!take(")")) reject("expected \")\"");
      return value;
    }
    if (at_ < text_.size() && ((text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '.')) return number();
    const size_t first = at_;
    const std::string_view name = identifier();
    if (name.empty()) reject("expected a number, a column, a function or \"(\"");
    const bool is_call = take("(");
    const Operation* const function = is_call ? function_named(name) : nullptr;
    if (function != nullptr) return call(*function);
    const float* const column = is_call ? nullptr : columns_(name);
    if (column == nullptr) {
      at_ = first;
      const std::string quoted = '"' + std::string(name.substr(0, 64)) + '"';
      reject(is_call ? "there is no function " + quoted
                     : "there is no column " + quoted + " with one value per Gaussian");
    }
    return add({nullptr, column, 0, {}});
  }

  size_t number() {
    const size_t first = at_;
    digits();
    if (take_any(".")) digits();
    if (take_any("eE")) {
      take_any("+-");
      digits();
    }
    // Through a double: a caller's 64-bit number becomes a 32-bit one in the same way. std::from_chars() reads none
    // before g++ 11; a stream has a locale of its own, whatever the program's is.
    std::istringstream stream{std::string(text_.substr(first, at_ - first))};
    stream.imbue(std::locale::classic());
    double number = 0;
    if (!(stream >> number)) {
      at_ = first;
      reject("expected a number that fits in 64 bits");
    }
    return add({nullptr, nullptr, float(number), {}});
  }

  void digits() {
    while (take_any("0123456789")) {
    }
  }

  bool take_any(std::string_view characters) {
    const bool found = at_ < text_.size() && characters.find(text_[at_]) != std::string_view::npos;
    if (found) ++at_;
    return found;
  }

  std::string_view identifier() {
    const size_t first = at_;
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto is_more = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.'; };
    if (at_ < text_.size() && is_letter(text_[at_]))
      while (at_ < text_.size() && is_more(text_[at_])) ++at_;
    return text_.substr(first, at_ - first);
  }

  size_t call(const Operation& function) {
    size_t arguments[3] = {};
    for (int k = 0; k < function.arguments; ++k) {
      if (k != 0 && !take(",")) reject("expected \",\" and another argument");
      arguments[k] = level(0);
    }
    if (!take(")")) reject("expected \")\"");
    return add(function, arguments[0], arguments[1], arguments[2]);
  }

  const char* const what_;
  const std::string_view text_;
  const ColumnSource& columns_;
  std::vector<Node> nodes_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Values evaluate_expression(const char* what, std::string_view text, size_t rows, const ColumnSource& columns,
                           Threads& threads) {
  const std::vector<Node> nodes = Parser(what, text, columns).run();
  const size_t share = nodes.size() * kBlock;
  Values blocks(threads.size() * share), out(rows);
  for (size_t k = 0; k < blocks.size() / kBlock; ++k)
    std::fill_n(&blocks[k * kBlock], kBlock, nodes[k % nodes.size()].number);
  std::vector<const float*> inputs(threads.size() * nodes.size());  // of each node at the block at hand
  threads.run(uint32_t((rows + kBlock - 1) / kBlock), [&](uint32_t block, uint32_t thread) {
    const size_t first = block * kBlock, n = std::min(kBlock, rows - first);
    const float** const values = &inputs[thread * nodes.size()];
    for (size_t k = 0; k < nodes.size(); ++k) {
      const auto& [operation, column, number, a] = nodes[k];
      float* const result = &blocks[thread * share + k * kBlock];
      values[k] = column != nullptr ? column + first : result;
      if (operation != nullptr) operation->apply(values[a[0]], values[a[1]], values[a[2]], result, n);
    }
    std::copy_n(values[nodes.size() - 1], n, &out[first]);
  });
  return out;
}

}  // namespace tame
