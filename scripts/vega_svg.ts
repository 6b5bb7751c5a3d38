// Draws charts with Vega-Lite.

import type { TopLevelSpec } from "vega-lite";

/** Draws a Vega-Lite specification as SVG. Loads Vega only when it is called, since most runs draw nothing. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
