// Times training steps: steps without some parts, and the phases as the library times them.

import { count } from "../../cli/format.ts";
import { PHASES, type Profile } from "../../ffi/device.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { Control, GROUP, STEP, StepPlan, Trainer } from "../../ffi/trainer.ts";
import type { Views } from "../../ffi/views.ts";
import { measure, type Part, partOf } from "./measure.ts";

const ALL_GROUPS = Object.values(GROUP).reduce<number>((mask, group) => mask | 1 << group, 0);

/** The kinds of steps: without gradients, with gradients and statistics, with Adam. */
const KINDS = [
  { name: "step: forward, loss", update: 0, flags: 0 },
  { name: "step: … and gradients", update: 0, flags: STEP.statistics },
  { name: "step: … and Adam", update: ALL_GROUPS, flags: STEP.statistics },
];
const WHOLE = KINDS[2];

/** Passes of a profile over all views; each phase's shortest time counts. */
const PROFILE_PASSES = 5;

/** The counts of a step, as means over the views. */
export interface StepCounts {
  gaussians: number;
  visible: number;
  pixels: number;
  /** (tile, splat) pairs. */
  instances: number;
  /** (pixel, splat) pairs that the blend computed, and those of them that took part. */
  evaluated: number;
  blended: number;
  /** Float parameters of a Gaussian. */
  parameters: number;
}

/** The parts of a step. */
export interface StepProfile {
  parts: Part[];
  counts: StepCounts;
}

/** Runs steps on Gaussians and views, which the caller owns. */
export class StepRunner implements Disposable {
  readonly #trainer: Trainer;
  readonly #views: Views;
  readonly #gaussians: Gaussians;
  readonly #control: Control;

  /** All views must have their photo. */
  constructor(gaussians: Gaussians, views: Views) {
    this.#gaussians = gaussians;
    this.#views = views;
    this.#trainer = Trainer.create(gaussians, views);
    this.#control = new Control(views.count);
  }

  /**
   * Times a pass over all views for each kind of step; the times are for one step. Learning rates are 0, so that the
   * Gaussians do not change.
   */
  async time(kinds: readonly typeof KINDS[number][] = KINDS): Promise<Part[]> {
    const views = this.#views.count;
    const work = `${count(this.#gaussians.count)} Gaussians`;
    const passes = await measure(...kinds.map((kind) => ({ name: kind.name, work, run: () => this.#pass(kind) })));
    return passes.map((pass) => ({ ...pass, seconds: pass.seconds / views, least: pass.least / views }));
  }

  /** Times a whole step and its phases. */
  async profile(): Promise<StepProfile> {
    const [whole] = await this.time([WHOLE]);
    const { device } = this.#gaussians;
    const profiles: Profile[] = [];
    for (let round = 0; round < PROFILE_PASSES; round++) {
      device.profile("start");
      await this.#pass(WHOLE);
      profiles.push(device.profile("stop"));
    }
    const [{ passes, gaussians, visible, pixels, instances, evaluated, blended }] = profiles;
    const parts = PHASES.filter((phase) => phase !== "score").map((phase) =>
      partOf(`phase: ${phase}`, whole.work, profiles.map(({ seconds }) => seconds[phase] / passes))
    );
    const counts = { gaussians, visible, pixels, instances, evaluated, blended };
    const means = Object.fromEntries(Object.entries(counts).map(([name, sum]) => [name, sum / passes]));
    const parameters = 11 + 3 * (this.#gaussians.shDegree + 1) ** 2;
    return { parts: [whole, ...parts], counts: { ...means, parameters } as StepCounts };
  }

  /** Releases the trainer. */
  [Symbol.dispose](): void {
    this.#trainer[Symbol.dispose]();
  }

  async #pass({ update, flags }: typeof KINDS[number]): Promise<void> {
    const views = this.#views.count;
    const plan = new StepPlan(views);
    for (let view = 0; view < views; view++) {
      plan.push({
        iteration: view + 1,
        view,
        nextView: view + 1 < views ? view + 1 : undefined,
        shDegree: this.#gaussians.shDegree,
        update,
        flags,
        learningRates: new Float32Array(6),
        background: [0, 0, 0],
      });
    }
    await this.#trainer.run(plan, this.#control);
  }
}
