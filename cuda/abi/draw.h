// Drawing rows. Without replacement, by exponential races: the item with the smallest -ln(u) / weight comes first
// (Efraimidis and Spirakis 2006); with it, by sums of whole weights.
#pragma once

#include <cstdint>
#include <vector>

namespace tame {

struct Ticket {
  float place;     // smaller comes first
  uint32_t index;  // decides between equal places
  bool operator<(const Ticket& other) const {
    return place < other.place || (place == other.place && index < other.index);
  }
};

// The first `count` tickets, in no order.
void keep_first(std::vector<Ticket>& tickets, uint32_t count);

// Names a stream of random numbers.
struct Drawing {
  uint64_t seed;
  uint32_t purpose, iteration, round;
};

// `count` of the members, with probability in proportion to their weights; those of weight 0 (or none at all) come
// after all others, in random order.
std::vector<Ticket> draw(const std::vector<uint32_t>& members, const std::vector<float>& weights, uint32_t count,
                         const Drawing& drawing);

// `count` times one of the members, in proportion to their weights in whole units of 2^-20 of the largest, so that sums
// of them are exact; nothing where all weigh 0. Ascending.
std::vector<uint32_t> draw_repeatedly(const std::vector<uint32_t>& members, const std::vector<float>& weights,
                                      uint32_t count, const Drawing& drawing);

}  // namespace tame
