// Where the time of a training step goes: steps of which parts are left out, and the differences.

import { count } from "../../cli/format.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { Control, GROUP, STEP, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { loadPhotos } from "../../load/images.ts";
import type { View } from "../../load/scene.ts";
import { measure, type Part } from "./measure.ts";

const ALL_GROUPS = Object.values(GROUP).reduce<number>((mask, group) => mask | 1 << group, 0);

/** A step that learns nothing has no gradients; one that only counts has no Adam. */
const KINDS = [
  { name: "step: forward, loss", update: 0, flags: 0 },
  { name: "step: … and gradients", update: 0, flags: STEP.statistics },
  { name: "step: … and Adam", update: ALL_GROUPS, flags: STEP.statistics },
];

/**
 * Times a pass over all views for each kind of step, for one step. Learning rates are 0, so the Gaussians stay as they
 * are while the arithmetic is that of training.
 */
export async function timeSteps(gaussians: Gaussians, photographed: View[]): Promise<Part[]> {
  const { device, shDegree } = gaussians;
  using views = Views.create(device, { count: photographed.length });
  await loadPhotos(photographed, {
    onPhoto: (index, photo) => views.set(index, photographed[index].camera, photo),
  });
  using trainer = Trainer.create(gaussians, views);
  const control = new Control(photographed.length);
  const work = `${count(gaussians.count)} Gaussians`;
  const share = 1 / photographed.length;
  const passes = await measure(...KINDS.map(({ name, update, flags }) => {
    const plan = new StepPlan(photographed.length);
    photographed.forEach((_, view) =>
      plan.push({
        iteration: view + 1,
        view,
        nextView: view + 1 < photographed.length ? view + 1 : undefined,
        shDegree,
        update,
        flags,
        learningRates: new Float32Array(6),
        background: [0, 0, 0],
      })
    );
    const run = async () => {
      await trainer.run(plan, control);
    };
    return { name, work, run };
  }));
  return passes.map((pass) => ({ ...pass, seconds: share * pass.seconds, least: share * pass.least }));
}
