// The pinhole camera that a distorted photo is resampled to.
#pragma once

#include "../core/lens.h"
#include "../tame.h"

namespace tame {

// Throws TAME_INVALID_ARGUMENT unless every field of tame_lens but struct_size is valid.
core::Lens checked_lens(const tame_lens& lens);

// The pinhole as tame_lens_pinhole in cuda/tame.h defines it. Throws if it would have no pixels.
tame_pinhole choose_pinhole(const tame_lens& lens);

}  // namespace tame
