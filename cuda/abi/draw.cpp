// See draw.h.
#include "draw.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../core/philox.h"

namespace tame {

namespace {

// -ln(u): an exponential variable, larger than 0.
float exponential(const Drawing& d, uint32_t index) {
  return -std::log(core::uniform(core::philox(d.seed, d.purpose, d.iteration, index, d.round).words[0]));
}

}  // namespace

// A histogram of the keys' upper halves finds those that are certainly among the first; only the bin at the border is
// ordered.
void keep_first(std::vector<Ticket>& tickets, uint32_t count) {
  if (count >= tickets.size()) return;
  if (count == 0) return tickets.clear();
  const auto bin_of = [](const Ticket& ticket) {
    const float key = ticket.place + 0.f;  // -0 is 0
    uint32_t bits;
    std::memcpy(&bits, &key, sizeof bits);
    return (bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFFu : 0x80000000u)) >> 16;
  };
  std::vector<uint32_t> sizes(1u << 16, 0);
  for (const Ticket& ticket : tickets) ++sizes[bin_of(ticket)];
  uint32_t border = 0, before = 0;
  while (before + sizes[border] < count) before += sizes[border++];
  std::vector<Ticket> kept(before + 1), at_border;  // one more: a ticket that is left out is written over
  at_border.reserve(sizes[border]);
  uint32_t next = 0;
  for (const Ticket& ticket : tickets) {
    const uint32_t bin = bin_of(ticket);
    kept[next] = ticket;
    next += bin < border;
    if (bin == border) at_border.push_back(ticket);
  }
  kept.pop_back();
  std::nth_element(at_border.begin(), at_border.begin() + (count - before - 1), at_border.end());
  kept.insert(kept.end(), at_border.begin(), at_border.begin() + (count - before));
  tickets = std::move(kept);
}

std::vector<Ticket> draw(const std::vector<uint32_t>& members, const std::vector<float>& weights, uint32_t count,
                         const Drawing& drawing, Threads& threads) {
  std::vector<float> times(members.size());
  threads.ranges(members.size(), [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      const float weight = weights[members[k]];
      times[k] = exponential(drawing, members[k]) / (weight > 0 ? weight : 1.f);
    }
  });
  std::vector<Ticket> weighted, rest;
  weighted.reserve(members.size());
  for (size_t k = 0; k < members.size(); ++k)
    (weights[members[k]] > 0 ? weighted : rest).push_back({times[k], members[k]});
  if (count > weighted.size()) {
    keep_first(rest, count - uint32_t(weighted.size()));
    weighted.insert(weighted.end(), rest.begin(), rest.end());
    return weighted;
  }
  keep_first(weighted, count);
  return weighted;
}

std::vector<uint32_t> draw_repeatedly(const std::vector<uint32_t>& members, const std::vector<float>& weights,
                                      uint32_t count, const Drawing& drawing) {
  const auto weight_of = [&](uint32_t i) { return weights[i] > 0 && std::isfinite(weights[i]) ? weights[i] : 0.f; };
  float largest = 0;
  for (const uint32_t i : members) largest = std::max(largest, weight_of(i));
  std::vector<uint32_t> drawn;
  if (!(largest > 0)) return drawn;
  std::vector<uint64_t> sums;  // inclusive
  sums.reserve(members.size());
  uint64_t total = 0;
  for (const uint32_t i : members) sums.push_back(total += uint64_t(double(weight_of(i)) / largest * 1048576.0));
  for (uint32_t j = 0; j < count; ++j) {
    const core::Philox random = core::philox(drawing.seed, drawing.purpose, drawing.iteration, j, drawing.round);
    const uint64_t word = random.words[0] | uint64_t(random.words[1]) << 32;
    const uint64_t place = uint64_t((unsigned __int128)(word)*total >> 64);
    drawn.push_back(members[size_t(std::upper_bound(sums.begin(), sums.end(), place) - sums.begin())]);
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

}  // namespace tame
