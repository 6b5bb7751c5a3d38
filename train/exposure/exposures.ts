/**
 * The exposures of a run: from the parameters that native code trains to transforms of colours, also for views that are
 * held out.
 *
 * @module
 */

import type { ColorTransform, ExposureKind, Exposures } from "../../base/exposure.ts";
import type { Scene, View } from "../../base/scene.ts";
import type { Trainer } from "../../ffi/trainer.ts";
import { compareCodePoints } from "../../load/order.ts";
import { exifLogGains } from "./choice.ts";
import type { LogGains } from "./fit.ts";

/** The native column of the parameters. */
const COLUMN = "transform";
/** Its values in a row: log-gains, or the rows of [M | b] - [1 | 0]. */
const PARAMETERS: Readonly<Record<ExposureKind, number>> = { gains: 3, affine: 12 };

/** The exposures of a run in progress. */
export class RunExposures {
  readonly #kind: ExposureKind;
  readonly #scene: Pick<Scene, "train" | "test">;
  readonly #statedGain: (view: View) => number;
  readonly #statedMeans: LogGains;
  #parameters: Float32Array;

  /** @param scene The run's views */
  constructor(kind: ExposureKind, scene: Pick<Scene, "train" | "test">) {
    this.#kind = kind;
    this.#scene = scene;
    this.#statedGain = exifLogGains(scene.train) ?? (() => 0);
    this.#statedMeans = meansOf(scene.train.map((view) => this.#statedGains(view)));
    this.#parameters = new Float32Array(PARAMETERS[kind] * scene.train.length);
  }

  /**
   * Sets where they start.
   *
   * @param trainer Trainer that has taken no step
   * @param gains Log-gains of the training views
   */
  async start(trainer: Trainer, gains: readonly LogGains[]): Promise<void> {
    const means = meansOf(gains);
    const parameters = Float32Array.from(gains.flatMap((gain) => parametersOf(this.#kind, gain, means)));
    await trainer.state.import({ column: COLUMN, offset: 0, data: new Uint8Array(parameters.buffer) });
  }

  /** Reads what the trainer has now. */
  async update(trainer: Trainer): Promise<void> {
    this.#parameters = new Float32Array((await trainer.state.read(COLUMN)).buffer);
  }

  /**
   * The exposures of all views, as last read.
   *
   * A view that is held out has no parameters of its own. It takes what its photo's EXIF data state, if the training
   * photos' do, and in addition a share of the mean by which its neighbours in the order of names differ from theirs:
   * the share that predicts the training views best from their own neighbours, 0 to 1.
   */
  get current(): Exposures {
    const { train, test } = this.#scene;
    const kind = this.#kind;
    const count = PARAMETERS[kind];
    const own = train.map((_, i) => Array.from(this.#parameters.subarray(count * i, count * (i + 1))));
    const differences = train.map((view, i) => ({ name: view.name, values: this.#difference(view, own[i]) }))
      .sort((a, b) => compareCodePoints(a.name, b.name));
    const share = shareOf(differences);
    const heldOut = test.map((view) => { // between the last name before its own and the first after it
      const after = differences.findIndex(({ name }) => compareCodePoints(name, view.name) > 0);
      const at = after < 0 ? differences.length : after;
      const mean = meanOf(differences[at - 1], differences[at]);
      return this.#stated(view).map((value, k) => value + share * mean[k]);
    });
    const parameters = [...own, ...heldOut];
    const named = [...train, ...test].map(({ name }, i): [string, ColorTransform] => [
      name,
      transformOf(kind, parameters[i]),
    ]);
    return { kind, views: Object.fromEntries(named) };
  }

  #difference(view: View, own: readonly number[]): number[] {
    const stated = this.#stated(view);
    return own.map((value, k) => value - stated[k]);
  }

  /** The parameters that a view's EXIF data state. */
  #stated(view: View): number[] {
    return parametersOf(this.#kind, this.#statedGains(view), this.#statedMeans);
  }

  #statedGains(view: View): LogGains {
    const gain = this.#statedGain(view);
    return [gain, gain, gain];
  }
}

/** The exposures of a run that learns some. */
export function exposuresOfRun(
  { exposure }: { exposure: ExposureKind | "none" },
  scene: Pick<Scene, "train" | "test">,
): RunExposures | undefined {
  return exposure === "none" ? undefined : new RunExposures(exposure, scene);
}

/** By how much a view's parameters differ from what its EXIF data state. */
interface Difference {
  name: string;
  values: number[];
}

/** The mean of two neighbours; beyond an end of the list it is 0. */
function meanOf(before: Difference | undefined, after: Difference | undefined): number[] {
  const values = (before ?? after)?.values ?? [];
  return values.map((_, k) => ((before?.values[k] ?? 0) + (after?.values[k] ?? 0)) / 2);
}

/** The factor of the neighbours' mean that predicts the views with the least squared error. */
function shareOf(sorted: readonly Difference[]): number {
  let product = 0, square = 0;
  sorted.forEach(({ values }, i) =>
    meanOf(sorted[i - 1], sorted[i + 1]).forEach((mean, k) => {
      product += mean * values[k];
      square += mean * mean;
    })
  );
  return square > 0 ? Math.min(Math.max(product / square, 0), 1) : 0;
}

/** Means of the factors of some log-gains, by channel. */
function meansOf(gains: readonly LogGains[]): LogGains {
  const mean = (channel: number) => gains.reduce((sum, own) => sum + Math.exp(own[channel]), 0) / gains.length;
  return [mean(0), mean(1), mean(2)];
}

/**
 * The parameters that have the effect of log-gains.
 *
 * @param means Means of the factors of all training views: affine parameters are deviations from their mean
 */
function parametersOf(kind: ExposureKind, gains: LogGains, means: LogGains): number[] {
  if (kind === "gains") return gains;
  return gains.flatMap((gain, row) =>
    Array.from({ length: 4 }, (_, column) => row === column ? Math.exp(gain) / means[row] - 1 : 0)
  );
}

/** What parameters do to colours; cuda/core/transform.h. */
function transformOf(kind: ExposureKind, parameters: readonly number[]): ColorTransform {
  return [0, 1, 2].flatMap((row) =>
    [0, 1, 2, 3].map((column) => {
      if (kind === "gains") return row === column ? Math.exp(parameters[row]) : 0;
      return parameters[4 * row + column] + (row === column ? 1 : 0);
    })
  );
}
