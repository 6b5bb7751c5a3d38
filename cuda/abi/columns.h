// Named columns of one float per Gaussian: those of the state and scratch ones. See tame_trainer_compute.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "training_state.h"

namespace tame {

class Columns {
 public:
  Columns(TrainingState& state, const Gaussians& gaussians) : state_(state), gaussians_(gaussians) {}

  // The values of an expression. what: the parameter's name in errors.
  Values evaluate(const char* what, std::string_view expression) const;
  // Writes a state column, or a scratch one, which is created if it does not exist.
  void write(std::string_view name, Values values, bool stays = false);
  // Writes an existing column, at the rows where `chosen` is not 0.
  void write_at(std::string_view name, Values values, const Values& chosen, bool stays);
  // Throws TAME_INVALID_ARGUMENT if write() cannot write the column.
  void check_writable(std::string_view name) const;

  void follow(const RowEdit& edit);
  void drop() { scratch_.clear(); }

 private:
  struct Scratch {
    Values values;
    bool stays;
  };
  // Finds a plane of the state by name or `name.k`; column.base may be null. False if there is none.
  bool find_state(std::string_view name, StateColumn& column, uint32_t& plane) const;
  // Converts values of used_opacity to stored ones.
  void store_opacities(Values& values) const;
  std::optional<Values> read(std::string_view name) const;
  Values read_state(const StateColumn& column, uint32_t plane) const;

  TrainingState& state_;
  const Gaussians& gaussians_;
  std::map<std::string, Scratch, std::less<>> scratch_;
};

}  // namespace tame
