// Reads and writes the PLY comment that states how the Gaussians are to be rendered, as other trainers write it.

const NAME = "SplatRenderMode";

/**
 * The comment lines for a PLY.
 *
 * @param antialiasing Whether the Gaussians are to be rendered anti-aliased
 * @returns `SplatRenderMode: mip`; nothing if they are not, since readers assume that
 */
export function renderModeComments(antialiasing: boolean): string[] {
  return antialiasing ? [`${NAME}: mip`] : [];
}

/**
 * Whether the Gaussians of a PLY are to be rendered anti-aliased.
 *
 * @param comments The comment lines
 * @returns True for `mip`, also if a low-pass follows, as in `mip-0.1`
 */
export function isAntialiased(comments: readonly string[]): boolean {
  return comments.some((comment) => new RegExp(`^${NAME}:\\s*mip\\b`).test(comment));
}
