// Which Gaussians the authors' implementation of Mallick et al. 2024 clones, splits and prunes in an event: for
// comparisons with it. selection.h is what training does otherwise.
#pragma once

#include "selection.h"

namespace tame {

// The event's edits, one after the other; one without rows changes nothing.
struct ReferenceEdits {
  RowEdit copies;  // appends the clones
  RowEdit rest;    // of the rows with clones: splits, then leaves out what is pruned
};

// Uses all values of `in`, as they are before the event.
ReferenceEdits choose_reference(const SelectionInput& in, const tame_reference_options& options,
                                tame_reference_result& result);

}  // namespace tame
