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
void keep_first(UnsetVector<Ticket>& tickets, uint32_t count, Threads& threads) {
  if (count >= tickets.size()) return;
  if (count == 0) return tickets.clear();
  constexpr size_t kBins = 1u << 16;
  const auto bin_of = [&](size_t k) {
    const float key = tickets[k].place + 0.f;  // -0 is 0
    uint32_t bits;
    std::memcpy(&bits, &key, sizeof bits);
    return (bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFFu : 0x80000000u)) >> 16;
  };
  // Each of a few shares of the tickets is counted by itself.
  const size_t shares = std::min(size_t(threads.size()), tickets.size() / kBins + 1);
  std::vector<uint32_t> sizes(shares * kBins, 0);
  threads.run(uint32_t(shares), [&](uint32_t share, uint32_t) {
    for (size_t k = tickets.size() * share / shares; k < tickets.size() * (share + 1) / shares; ++k)
      ++sizes[share * kBins + bin_of(k)];
  });
  const auto size_of = [&](uint32_t bin) {
    uint32_t size = 0;
    for (size_t share = 0; share < shares; ++share) size += sizes[share * kBins + bin];
    return size;
  };
  uint32_t border = 0, before = 0;
  for (uint32_t size = size_of(0); before + size < count; size = size_of(++border)) before += size;
  UnsetVector<Ticket> kept, at_border;
  const auto take = [&](const auto& takes, UnsetVector<Ticket>& into) {
    threads.compact(
        tickets.size(), takes, [&](size_t n) { into.resize(n); },
        [&](size_t place, size_t k) { into[place] = tickets[k]; });
  };
  take([&](size_t k) { return bin_of(k) < border; }, kept);
  take([&](size_t k) { return bin_of(k) == border; }, at_border);
  std::nth_element(at_border.begin(), at_border.begin() + (count - before - 1), at_border.end());
  kept.insert(kept.end(), at_border.begin(), at_border.begin() + (count - before));
  tickets = std::move(kept);
}

UnsetVector<Ticket> draw(const UnsetVector<uint32_t>& members, const Values& weights, uint32_t count,
                         const Drawing& drawing, Threads& threads) {
  UnsetVector<Ticket> weighted, rest;
  const auto has_weight = [&](size_t k) { return weights[members[k]] > 0; };
  threads.compact(
      members.size(), has_weight, [&](size_t n) { weighted.resize(n); },
      [&](size_t place, size_t k) {
        weighted[place] = {exponential(drawing, members[k]) / weights[members[k]], members[k]};
      });
  if (count <= weighted.size()) {
    keep_first(weighted, count, threads);
    return weighted;
  }
  threads.compact(
      members.size(), [&](size_t k) { return !has_weight(k); }, [&](size_t n) { rest.resize(n); },
      [&](size_t place, size_t k) {
        rest[place] = {exponential(drawing, members[k]), members[k]};
      });
  keep_first(rest, count - uint32_t(weighted.size()), threads);
  weighted.insert(weighted.end(), rest.begin(), rest.end());
  return weighted;
}

std::vector<uint32_t> draw_repeatedly(const UnsetVector<uint32_t>& members, const Values& weights, uint32_t count,
                                      const Drawing& drawing) {
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
