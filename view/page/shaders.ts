// Shaders: how a splat covers a pixel, and how the sum of all gets to the screen.

/**
 * A splat's colour at a pixel, premultiplied: the exponential, cut off as in cuda/core/tiles.h (`kMinAlpha`, `kMaxAlpha`).
 * The inputs are those of spark's vertex shader.
 */
export const SPLAT = `
precision highp float;
uniform float minAlpha;
in vec4 vRgba;
in vec2 vSplatUv;
out vec4 color;
void main() {
  float alpha = min(0.99, vRgba.a * exp(-0.5 * dot(vSplatUv, vSplatUv)));
  if (alpha < minAlpha) discard;
  color = vec4(vRgba.rgb * alpha, alpha);
}`;

/** A triangle that covers the screen. */
export const SCREEN = `
in vec3 position;
void main() {
  gl_Position = vec4(position, 1.0);
}`;

/** The pixels of a picture. */
export const COPY = `
precision highp float;
uniform sampler2D picture;
out vec4 color;
void main() {
  color = vec4(texelFetch(picture, ivec2(gl_FragCoord.xy), 0).rgb, 1.0);
}`;
