// A trainer: its state, the backend's steps, and the columns with which strategies select rows.
#pragma once

#include <memory>

#include "columns.h"
#include "training_state.h"

namespace tame {

class Trainer {
 public:
  Trainer(Device& device, std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
          const tame_trainer_options& options)
      : gaussians(gaussians),
        views(views),
        state(device, gaussians, views->count(), options),
        columns(state, *gaussians),
        stepper(device.make_stepper(std::move(gaussians), std::move(views), state)) {}

  const std::shared_ptr<Gaussians> gaussians;
  const std::shared_ptr<Views> views;
  TrainingState state;
  Columns columns;
  const std::unique_ptr<Stepper> stepper;
};

}  // namespace tame
