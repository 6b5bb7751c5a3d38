// See draw.h.
#include "draw.h"

#include <algorithm>
#include <cmath>

#include "../core/philox.h"

namespace tame {

namespace {

// -ln(u): an exponential variable, larger than 0.
float exponential(const Drawing& d, uint32_t index) {
  return -std::log(core::uniform(core::philox(d.seed, d.purpose, d.iteration, index, d.round).words[0]));
}

}  // namespace

void keep_first(std::vector<Ticket>& tickets, uint32_t count) {
  if (count < tickets.size()) {
    std::nth_element(tickets.begin(), tickets.begin() + count, tickets.end());
    tickets.resize(count);
  }
}

std::vector<Ticket> draw(const std::vector<uint32_t>& members, const std::vector<float>& weights, uint32_t count,
                         const Drawing& drawing) {
  std::vector<Ticket> weighted, rest;
  for (const uint32_t i : members) {
    const float e = exponential(drawing, i);
    if (weights[i] > 0)
      weighted.push_back({e / weights[i], i});
    else
      rest.push_back({e, i});
  }
  if (count > weighted.size()) {
    keep_first(rest, count - uint32_t(weighted.size()));
    weighted.insert(weighted.end(), rest.begin(), rest.end());
    return weighted;
  }
  keep_first(weighted, count);
  return weighted;
}

}  // namespace tame
