// See columns.h.
#include "columns.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "../core/activations.h"
#include "expression.h"
#include "failure.h"

namespace tame {

namespace {

constexpr std::string_view kUsedOpacity = "used_opacity";

// Letters, digits and underscores, a letter or an underscore first.
bool is_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 64 && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), good);
}

}  // namespace

bool Columns::find_state(std::string_view name, StateColumn& column, uint32_t& plane) const {
  const size_t dot = name.find('.');
  for (const StateColumn& each : state_.columns()) {
    if (each.kind == StateColumn::Kind::of_views || each.name != name.substr(0, dot)) continue;
    column = each;
    plane = 0;
    if (dot == std::string_view::npos) return each.values == 1;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + dot + 1, end, plane);
    return parsed.ec == std::errc() && parsed.ptr == end && plane < each.values;
  }
  return false;
}

Values Columns::read_state(const StateColumn& column, uint32_t plane) const {
  StateColumn one = column;
  one.values = 1;
  if (column.base != nullptr) one.base = column.plane(plane);
  Values values(gaussians_.count());
  // The bits of the elements, whatever their type.
  state_.read_rows(one, 0, gaussians_.count(), reinterpret_cast<uint32_t*>(values.data()));
  if (!column.integer) return values;
  for (float& value : values) {
    uint32_t whole;
    std::memcpy(&whole, &value, sizeof whole);
    value = float(whole);
  }
  return values;
}

std::optional<Values> Columns::read(std::string_view name) const {
  const auto known = scratch_.find(name);
  if (known != scratch_.end()) return known->second.values;
  StateColumn column;
  uint32_t plane = 0;
  if (name == kUsedOpacity) {
    find_state(kParameterRows[TAME_PARAMETER_OPACITIES].name, column, plane);
    Values values = read_state(column, plane);
    const bool linear = gaussians_.linear_opacity();
    state_.threads().ranges(values.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) values[i] = core::used_opacity(linear, values[i]);
    });
    return values;
  }
  if (!find_state(name, column, plane)) return std::nullopt;
  return read_state(column, plane);
}

Values Columns::evaluate(const char* what, std::string_view expression) const {
  const uint32_t count = gaussians_.count();
  std::map<std::string_view, Values> loaded;  // of the state, each once
  return evaluate_expression(
      what, expression, count,
      [&](std::string_view name) -> const float* {
        static constexpr float kNoRows[1] = {};
        const auto scratch = scratch_.find(name);
        if (scratch != scratch_.end()) return count == 0 ? kNoRows : scratch->second.values.data();
        auto found = loaded.find(name);
        if (found == loaded.end()) {
          std::optional<Values> values = read(name);
          if (!values.has_value()) return nullptr;
          found = loaded.emplace(name, std::move(*values)).first;
        }
        return count == 0 ? kNoRows : found->second.data();
      },
      state_.threads());
}

void Columns::check_writable(std::string_view name) const {
  StateColumn column;
  uint32_t plane = 0;
  if (name == kUsedOpacity || scratch_.find(name) != scratch_.end()) return;
  const bool found = find_state(name, column, plane);
  const std::vector<StateColumn> state = state_.columns();
  const bool taken =
      std::any_of(state.begin(), state.end(), [&](const StateColumn& each) { return each.name == name; });
  if (found ? !column.integer : is_name(name) && !taken) return;
  const std::string text(name.substr(0, 64));
  fail(TAME_INVALID_ARGUMENT,
       found ? "The column \"%s\" holds whole numbers, which cannot be written"
             : "column is \"%s\": expected a state column of one value, or a name of letters, digits and underscores",
       text.c_str());
}

void Columns::store_opacities(Values& values) const {
  const bool linear = gaussians_.linear_opacity();
  state_.threads().ranges(values.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) values[i] = core::store_opacity(linear, values[i]);
  });
}

void Columns::write_at(std::string_view name, Values values, const Values& chosen, bool stays) {
  if (name == kUsedOpacity) {
    store_opacities(values);
    name = kParameterRows[TAME_PARAMETER_OPACITIES].name;
  }
  const std::optional<Values> before = read(name);
  if (!before.has_value()) {
    const std::string text(name.substr(0, 64));
    fail(TAME_INVALID_ARGUMENT, "The column \"%s\" does not exist yet: write all its rows first", text.c_str());
  }
  for (size_t i = 0; i < values.size(); ++i)
    if (chosen[i] == 0) values[i] = (*before)[i];
  write(name, std::move(values), stays);
}

void Columns::write(std::string_view name, Values values, bool stays) {
  check_writable(name);
  StateColumn column;
  uint32_t plane = 0;
  if (name == kUsedOpacity) {
    store_opacities(values);
    name = kParameterRows[TAME_PARAMETER_OPACITIES].name;
  }
  if (find_state(name, column, plane)) {
    if (column.base == nullptr) {  // `score`, the only column that may not be allocated yet
      state_.need_scores();
      find_state(name, column, plane);
    }
    column.base = column.plane(plane);
    column.values = 1;
    state_.write_rows(column, 0, uint32_t(values.size()), reinterpret_cast<const uint32_t*>(values.data()));
    return;
  }
  scratch_.insert_or_assign(std::string(name), Scratch{std::move(values), stays});
}

void Columns::follow(const RowEdit& edit) {
  for (auto& [name, column] : scratch_) {
    if (column.stays) {
      column.values.resize(edit.size(), 0.f);
      continue;
    }
    Values moved(edit.size());
    const Values& before = column.values;
    state_.threads().ranges(moved.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) moved[i] = before[edit.sources[i]];
    });
    column.values = std::move(moved);
  }
}

}  // namespace tame
