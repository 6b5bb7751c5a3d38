// The pinhole camera that a distorted photo is resampled to.
#pragma once

#include "../core/lens.h"
#include "../tame.h"

namespace tame {

// Throws TAME_INVALID_ARGUMENT unless every field of tame_lens but struct_size makes sense.
core::Lens checked_lens(const tame_lens& lens);

// The largest pinhole image that the choice of cuda/tame.h allows. Throws when not one pixel is left.
tame_pinhole choose_pinhole(const tame_lens& lens);

}  // namespace tame
