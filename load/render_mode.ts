// Reads and writes the PLY comment that states how the Gaussians are to be rendered, as other trainers write it.

const NAME = "SplatRenderMode";

/** Comments that state the mode: the mode's own (brush, PlayCanvas), a switch (Postshot), gsplat's option. */
const SPELLINGS: readonly { comment: RegExp; antialiased: RegExp }[] = [
  { comment: new RegExp(`^\\s*${NAME}\\s*[:=]?\\s*(\\S+)\\s*$`, "i"), antialiased: /^mip\b/i },
  { comment: /^\s*anti-?_?alias(?:ed|ing)?\s*[:=]?\s*(\S+)\s*$/i, antialiased: /^(?:1|true|yes|on)$/i },
  { comment: /^\s*rasteri[sz]e_mode\s*[:=]?\s*(\S+)\s*$/i, antialiased: /^antialiased$/i },
];

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
 * Whether the Gaussians of a PLY are to be rendered anti-aliased. The last comment that states it counts.
 *
 * @param comments The comment lines
 * @returns True for `SplatRenderMode: mip`, also if a low-pass follows, as in `mip-0.1`; for `antialiased 1`; and for
 * `rasterize_mode: antialiased`
 */
export function isAntialiased(comments: readonly string[]): boolean {
  const stated = comments.flatMap((comment) =>
    SPELLINGS.flatMap(({ comment: form, antialiased }) => {
      const mode = form.exec(comment)?.[1];
      return mode === undefined ? [] : [antialiased.test(mode)];
    })
  );
  return stated.at(-1) ?? false;
}
