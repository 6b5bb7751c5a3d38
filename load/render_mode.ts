// How Gaussians were trained to be rendered, noted in a comment of their PLY as other trainers do.

const NAME = "SplatRenderMode";

/**
 * The comment lines for a PLY.
 *
 * @param antialiasing Whether the Gaussians are to be rendered anti-aliased
 * @returns `SplatRenderMode: mip`; nothing if they are not, which is what readers assume
 */
export function renderModeComments(antialiasing: boolean): string[] {
  return antialiasing ? [`${NAME}: mip`] : [];
}

/**
 * Whether the Gaussians of a PLY are to be rendered anti-aliased.
 *
 * @param comments The comment lines
 * @returns True for `mip`, also with a low-pass behind it, as in `mip-0.1`
 */
export function isAntialiased(comments: readonly string[]): boolean {
  return comments.some((comment) => new RegExp(`^${NAME}:\\s*mip\\b`).test(comment));
}
