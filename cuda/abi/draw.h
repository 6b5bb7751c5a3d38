// Drawing rows. Without replacement, by exponential races: the item with the smallest -ln(u) / weight comes first
// (Efraimidis and Spirakis 2006). With replacement, by prefix sums of integer weights.
#pragma once

#include <cstdint>
#include <vector>

#include "threads.h"
#include "values.h"

namespace tame {

struct Ticket {
  float place;     // smaller comes first
  uint32_t index;  // breaks ties
  bool operator<(const Ticket& other) const {
    return place < other.place || (place == other.place && index < other.index);
  }
};

// The first `count` tickets, in no order.
void keep_first(UnsetVector<Ticket>& tickets, uint32_t count, Threads& threads);

// Identifies a stream of random numbers.
struct Drawing {
  uint64_t seed;
  uint32_t purpose, iteration, round;
};

// `count` of the members, with probability proportional to their weights; those of weight 0 or less, or NaN, come after
// all others, in random order.
UnsetVector<Ticket> draw(const UnsetVector<uint32_t>& members, const Values& weights, uint32_t count,
                         const Drawing& drawing, Threads& threads);

// `count` draws of one member each, proportional to the weights in whole units of 2^-20 of the largest, so that their
// sums are exact; nothing if all weights are 0. Ascending.
std::vector<uint32_t> draw_repeatedly(const UnsetVector<uint32_t>& members, const Values& weights, uint32_t count,
                                      const Drawing& drawing);

}  // namespace tame
