// Values of photos: core/photo.h.
#include "core/photo.h"

#include "test.h"

namespace core = tame::core;
using test::expect;

TEST("fused_fraction() is the quotient by 255 of each byte") {
  for (int byte = 0; byte < 256; ++byte)
    expect(core::fused_fraction(float(byte)) == float(byte) / 255.f, test::text("of byte %d", byte));
}

TEST("An opaque pixel has exactly its colour, for any background; alpha blends with the background") {
  const uint8_t rgb[] = {0, 1, 2, 100, 200, 255}, rgba[] = {7, 7, 7, 7, 100, 200, 255, 255, 100, 200, 255, 51};
  const tame::Photo photo = {rgb, nullptr, 3, 2, {}}, with_alpha = {rgba, nullptr, 4, 3, {0.25f, 0.5f, 0.75f}};
  for (int channel = 0; channel < 3; ++channel) {
    const float color = float(rgb[3 + channel]) / 255.f;
    expect(core::photo_value(photo, 1, channel) == color, "without alpha");
    expect(core::photo_value(with_alpha, 1, channel) == color, "opaque");
    test::expect_close("a fifth opaque", core::photo_value(with_alpha, 2, channel),
                       0.2 * color + 0.8 * with_alpha.background[channel], 1e-6);
  }
}
