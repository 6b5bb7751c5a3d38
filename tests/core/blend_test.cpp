// The derivative of alpha blending in its front-to-back form (Mallick et al. 2024), as the backends use it: the
// formulas of cuda/cpu/blend.inl and optimize.inl in double, on one pixel, against central differences.
#include "core/activations.h"
#include "core/tiles.h"
#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_gradient;
using test::for_cases;
using test::Random;

namespace {

// Entries of a splat, in the order of its gradients; the opacity is a logit, as stored.
enum { kLogit, kX, kY, kA, kB, kC, kRed, kGreen, kBlue, kEntries };

struct Pixel {
  double x, y;
  double background[3];
  double g[3], g_alpha;  // d loss / d colour, d loss / d (1 - final transmittance)
};

struct Blended {
  double rgb[3], transmittance;
  size_t last;       // splats up to the last one that contributes
  std::string path;  // for each splat: skipped, taken, clamped, or ends the pixel
  bool has(char fate) const { return path.find(fate) != std::string::npos; }
};

constexpr char kSkipped = 's', kTaken = 't', kCapped = 'c', kEnds = 'e';

struct Fragment {
  double dx, dy, raw, alpha, after;
  char fate;
};

Fragment fragment(const double* s, const Pixel& p, double T) {
  Fragment f;
  f.dx = s[kX] - p.x;
  f.dy = s[kY] - p.y;
  f.raw = core::sigmoid(s[kLogit]) * std::exp(-core::quadratic(s[kA], s[kB], s[kC], f.dx, f.dy));
  f.alpha = std::min(f.raw, double(core::kMaxAlpha));
  f.after = T * (1 - f.alpha);
  f.fate = f.alpha < double(core::kMinAlpha)           ? kSkipped
           : f.after < double(core::kMinTransmittance) ? kEnds
           : f.raw > f.alpha                           ? kCapped
                                                       : kTaken;
  return f;
}

Blended blend(const std::vector<double>& splats, const Pixel& p) {
  Blended b = {{0, 0, 0}, 1, 0, ""};
  for (size_t j = 0; j * kEntries < splats.size(); ++j) {
    const double* s = &splats[j * kEntries];
    const Fragment f = fragment(s, p, b.transmittance);
    b.path += f.fate;
    if (f.fate == kSkipped) continue;
    if (f.fate == kEnds) break;
    for (int c = 0; c < 3; ++c) b.rgb[c] += f.alpha * b.transmittance * s[kRed + c];
    b.transmittance = f.after;
    b.last = j + 1;
  }
  for (int c = 0; c < 3; ++c) b.rgb[c] += b.transmittance * p.background[c];
  return b;
}

double loss_of(const std::vector<double>& splats, const Pixel& p) {
  const Blended b = blend(splats, p);
  return p.g[0] * b.rgb[0] + p.g[1] * b.rgb[1] + p.g[2] * b.rgb[2] + p.g_alpha * (1 - b.transmittance);
}

std::vector<double> gradient_of(const std::vector<double>& splats, const Pixel& p) {
  std::vector<double> gradient(splats.size());
  const Blended b = blend(splats, p);
  double T = 1, S = b.transmittance * p.g_alpha - (b.rgb[0] * p.g[0] + b.rgb[1] * p.g[1] + b.rgb[2] * p.g[2]);
  for (size_t j = 0; j < b.last; ++j) {
    const double* s = &splats[j * kEntries];
    const Fragment f = fragment(s, p, T);
    if (f.fate == kSkipped) continue;
    const double weight = f.alpha * T, q = s[kRed] * p.g[0] + s[kGreen] * p.g[1] + s[kBlue] * p.g[2];
    S += weight * q;
    const double d_alpha = q * T + S / (1 - f.alpha);
    T = f.after;
    double* out = &gradient[j * kEntries];
    for (int c = 0; c < 3; ++c) out[kRed + c] = weight * p.g[c];
    if (f.fate == kCapped) continue;  // a clamped alpha is constant
    // h = d loss / d log(alpha), and log(alpha) = log(opacity) - (A dx^2 + C dy^2) / 2 - B dx dy.
    const double h = f.alpha * d_alpha;
    out[kLogit] = h * (1 - core::sigmoid(s[kLogit]));
    out[kX] = -h * (s[kA] * f.dx + s[kB] * f.dy);
    out[kY] = -h * (s[kC] * f.dy + s[kB] * f.dx);
    out[kA] = -0.5 * h * f.dx * f.dx;
    out[kB] = -h * f.dx * f.dy;
    out[kC] = -0.5 * h * f.dy * f.dy;
  }
  return gradient;
}

Pixel random_pixel(Random& random) {
  Pixel p;
  p.x = random.below(64) + 0.5;
  p.y = random.below(64) + 0.5;
  for (double& each : p.background) each = random.uniform(0, 1);
  for (double& each : p.g) each = random.normal();
  p.g_alpha = random.normal();
  return p;
}

std::vector<double> random_splats(Random& random, const Pixel& p, int count, double least_logit, double most_logit) {
  std::vector<double> splats;
  for (int j = 0; j < count; ++j) {
    const double size_x = random.log_uniform(1, 8), size_y = random.log_uniform(1, 8), tilt = random.uniform(-0.8, 0.8);
    const double A = 1 / (size_x * size_x), C = 1 / (size_y * size_y), B = tilt / (size_x * size_y);
    const double x = p.x + size_x * random.uniform(-2, 2), y = p.y + size_y * random.uniform(-2, 2);
    splats.insert(splats.end(), {random.uniform(least_logit, most_logit), x, y, A, B, C, random.uniform(0, 1.5),
                                 random.uniform(0, 1.5), random.uniform(0, 1.5)});
  }
  return splats;
}

// First difference steps of a splat's entries: a hundredth of each entry's scale.
void difference_steps(const double* s, double steps[kEntries]) {
  const double size_x = 1 / std::sqrt(s[kA]), size_y = 1 / std::sqrt(s[kC]);
  const double units[kEntries] = {1, size_x, size_y, s[kA], std::sqrt(s[kA] * s[kC]), s[kC], 1, 1, 1};
  for (int k = 0; k < kEntries; ++k) steps[k] = 0.01 * units[k];
}

// Whether no entry's difference step moves any splat across a threshold, where the loss is not smooth.
bool smooth(std::vector<double> splats, const Pixel& p) {
  const std::string path = blend(splats, p).path;
  for (size_t at = 0; at < splats.size(); at += kEntries) {
    double steps[kEntries];
    difference_steps(&splats[at], steps);
    for (int k = 0; k < kRed; ++k)
      for (const double sign : {-1.0, 1.0}) {
        const double before = splats[at + k];
        splats[at + k] += sign * steps[k];
        const bool same = blend(splats, p).path == path;
        splats[at + k] = before;
        if (!same) return false;
      }
  }
  return true;
}

void expect_splat_gradients(std::vector<double> splats, const Pixel& p) {
  const std::vector<double> gradient = gradient_of(splats, p);
  const auto loss = [&] { return loss_of(splats, p); };
  double size = std::fabs(p.g_alpha);
  for (const double each : p.g) size += 1.5 * std::fabs(each);
  for (size_t at = 0; at < splats.size(); at += kEntries) {
    double steps[kEntries];
    difference_steps(&splats[at], steps);
    // In blocks of one unit each: opacity, position, conic, colour.
    const int first[5] = {kLogit, kX, kA, kRed, kEntries};
    for (int block = 0; block < 4; ++block) {
      const int k = first[block];
      expect_gradient(test::text("splat %d, entries from %d", int(at / kEntries), k), &gradient[at + k],
                      &splats[at + k], first[block + 1] - k, steps + k, 1e-8, 1e-14 * size, loss);
    }
  }
}

// Checks `count` smooth cases with logits in a range; returns in how many of them a splat has the given fate.
int check_cases(uint64_t seed, int count, double least_logit, double most_logit, char fate) {
  Random random(seed);
  int met = 0;
  for_cases(count, [&](int) {
    for (;;) {
      const Pixel p = random_pixel(random);
      const std::vector<double> splats = random_splats(random, p, 1 + random.below(24), least_logit, most_logit);
      if (!smooth(splats, p)) continue;
      met += blend(splats, p).has(fate);
      expect_splat_gradients(splats, p);
      return;
    }
  });
  return met;
}

}  // namespace

TEST("the blend's derivative is right for translucent splats, with a background and an alpha gradient") {
  expect(check_cases(91, 200, -4, 1, kTaken) > 100, "too few splats contribute");
}

TEST("the blend's derivative is right when opaque splats end the pixel before the list does") {
  expect(check_cases(92, 200, 1, 4, kEnds) > 50, "too few pixels end early");
}

TEST("the blend's derivative is right when splats skip the pixel") {
  expect(check_cases(95, 200, -6, -3, kSkipped) > 100, "too few splats are skipped");
}

TEST("the blend's derivative is 0 for a clamped alpha") {
  Random random(93);
  int capped = 0;
  for_cases(200, [&](int) {
    const Pixel p = random_pixel(random);
    std::vector<double> splats = random_splats(random, p, 6, -3, 0);
    double* s = &splats[size_t(random.below(6)) * kEntries];
    s[kLogit] = random.uniform(6, 9);
    s[kX] = p.x + 0.05 / std::sqrt(s[kA]);
    s[kY] = p.y;
    if (!blend(splats, p).has(kCapped) || !smooth(splats, p)) return;
    ++capped;
    const std::vector<double> gradient = gradient_of(splats, p);
    expect(test::largest(&gradient[size_t(s - splats.data())], kRed) == 0, "a capped splat's geometry has a gradient");
    expect_splat_gradients(splats, p);
  });
  expect(capped > 50, "too few capped splats");
}

TEST("the blend's derivative is 0 for splats behind the end of the pixel") {
  Random random(94);
  for_cases(50, [&](int) {
    const Pixel p = random_pixel(random);
    // Three clamped splats leave a transmittance of 1e-6: the pixel ends at the second or third.
    std::vector<double> splats = random_splats(random, p, 6, 8, 9);
    for (size_t at = 0; at < splats.size(); at += kEntries) {
      splats[at + kX] = p.x;
      splats[at + kY] = p.y;
    }
    const Blended b = blend(splats, p);
    expect(b.has(kEnds) && b.last < 3, "the pixel did not end");
    const std::vector<double> gradient = gradient_of(splats, p);
    expect(test::largest(&gradient[b.last * kEntries], int((6 - b.last) * kEntries)) == 0, "a gradient behind the end");
    expect(test::largest(&gradient[0], kEntries) > 0, "no gradient in front of it");
  });
}
