// Writes a page of HTML that shows Gaussians in a browser: PlayCanvas's viewer, from the conversion library, with the
// Gaussians inside as a SOG file.

import { bulkOf } from "../base/bulk.ts";
import type { PlySplats } from "../base/scene.ts";
import { formatViewerPage, parseViewerPage } from "../load/splat_html.ts";
import { runSplatJob, type SplatJobOptions } from "../load/splat_library.ts";
import { trialPly } from "./ply.ts";

/** Vertical angle of the first view, in degrees. */
const ANGLE = 60;

/**
 * The bytes of a page. The first view is from outside of nine tenths of the Gaussians, towards their median.
 *
 * @internal
 */
export async function encodeViewerPage(
  sog: Uint8Array,
  splats: PlySplats,
  options: Omit<SplatJobOptions, "parts">,
): Promise<Uint8Array> {
  // The library's own page of one Gaussian: its SOG encoder takes hours for a large model without a GPU.
  const { files } = await runSplatJob({ input: "ply", output: "html-bundle" }, { ...options, parts: [trialPly()] });
  const page = parseViewerPage(new TextDecoder().decode(files.output), "page of the viewer");
  const settings = { ...page.bootstrap.settings as object, cameras: [{ initial: firstView(splats) }] };
  const contentUrl = `data:application/octet-stream;base64,${sog.toBase64()}`;
  const bootstrap = { ...page.bootstrap, settings, contentUrl, contentFilename: "scene.sog" };
  return new TextEncoder().encode(formatViewerPage({ ...page, bootstrap }));
}

/** In the viewer's axes: x and y of the PLY with the other sign, so that y points up. */
function firstView({ means }: PlySplats): { position: number[]; target: number[]; fov: number } {
  const { center, radius } = bulkOf(means);
  const target = [-center[0], -center[1], center[2]];
  const away = radius / Math.tan(ANGLE * Math.PI / 360);
  return { position: [target[0], target[1] + radius / 2, target[2] - away], target, fov: ANGLE };
}
