/**
 * Plots that a notebook shows, as specifications of Vega-Lite 5: JupyterLab and VS Code draw them.
 *
 * @module
 */

import { DISPLAY, type MimeBundle } from "../base/display.ts";

/** Up to so many points are marked, beside the lines. */
const MOST_MARKED = 100;

/** One point of a plot: values by name. */
export type PlotRow = Readonly<Record<string, number | string>>;

/** Options of {@linkcode linePlot}. */
export interface LinePlotOptions {
  /** Name of the values along x, and the axis's title. */
  x: string;
  /** Name of the values along y, and the axis's title. */
  y: string;
  /** Name of what distinguishes the lines, and the legend's title. Default one line. */
  series?: string;
}

/** A plot. As the last value of a notebook's cell it shows itself. */
export class Plot {
  /** The specification, to change or to save. */
  readonly spec: Record<string, unknown>;
  readonly #text: string;

  /** `spec` is a specification of Vega-Lite 5; `text` stands for the plot where none can be drawn. */
  constructor(spec: Record<string, unknown>, text = "Plot") {
    this.spec = spec;
    this.#text = text;
  }

  /** What a notebook shows: the specification. */
  [DISPLAY](): MimeBundle {
    return { "application/vnd.vegalite.v5+json": this.spec, "text/plain": this.#text };
  }
}

/**
 * Draws lines through points.
 *
 * @example
 * ```ts
 * import { linePlot } from "../mod.ts";
 *
 * const rows = [{ iteration: 100, loss: 0.2 }, { iteration: 200, loss: 0.1 }];
 * console.log(linePlot(rows, { x: "iteration", y: "loss" }).spec.mark);
 * ```
 *
 * @param rows The points, in any order; those whose x or y is not a finite number are left out
 * @param options Which values to draw
 * @returns The plot
 */
export function linePlot(rows: readonly PlotRow[], { x, y, series }: LinePlotOptions): Plot {
  const values = rows.filter((row) => Number.isFinite(row[x]) && Number.isFinite(row[y]));
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    data: { values },
    mark: { type: "line", point: values.length <= MOST_MARKED },
    encoding: {
      x: { field: fieldOf(x), type: "quantitative", title: x },
      y: { field: fieldOf(y), type: "quantitative", title: y, scale: { zero: false } },
      ...(series === undefined ? {} : { color: { field: fieldOf(series), type: "nominal", title: series } }),
    },
    width: 480,
    height: 240,
  };
  return new Plot(spec, `Plot of ${y} over ${x}, ${values.length} points`);
}

/** A name as Vega-Lite has it, where dots and brackets lead into objects. */
function fieldOf(name: string): string {
  return name.replaceAll(/[.[\]\\]/g, "\\$&");
}
