// One float a Gaussian by name: the state's columns and those that a caller made. See tame_trainer_compute.
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

  // Of an expression. what: the parameter's name in errors.
  std::vector<float> evaluate(const char* what, std::string_view expression) const;
  // Writes a state column, or a scratch one, which is made where there is none of the name.
  void write(std::string_view name, std::vector<float> values, bool stays = false);
  // Writes a column that exists, at the rows at which `chosen` is not 0.
  void write_at(std::string_view name, std::vector<float> values, const std::vector<float>& chosen, bool stays);
  // What write() will do with a name: throws TAME_INVALID_ARGUMENT where it cannot be written.
  void check_writable(std::string_view name) const;

  void follow(const RowEdit& edit);
  void drop() { scratch_.clear(); }

 private:
  struct Scratch {
    std::vector<float> values;
    bool stays;
  };
  // A plane of the state by name, `name.k` among them; column.base may be null. False where there is none.
  bool find_state(std::string_view name, StateColumn& column, uint32_t& plane) const;
  // Values written to used_opacity, as they are stored.
  void store_opacities(std::vector<float>& values) const;
  std::optional<std::vector<float>> read(std::string_view name) const;
  std::vector<float> read_state(const StateColumn& column, uint32_t plane) const;

  TrainingState& state_;
  const Gaussians& gaussians_;
  std::map<std::string, Scratch, std::less<>> scratch_;
};

}  // namespace tame
