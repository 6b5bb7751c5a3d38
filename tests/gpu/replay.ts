// A program that trains the small problem and prints a hash of the result, which no environment variable may change,
// and the bytes of its instances, which TAME_INSTANCE_CAPACITY does change. Arguments: residency, steps, views per
// step.
import { STEP } from "../../ffi/trainer.ts";
import type { Residency } from "../../ffi/views.ts";
import { openGpu } from "./devices.ts";
import { runProblem, trainingProblem } from "./training.ts";

const [residency, steps, viewsPerStep] = Deno.args;
using device = await openGpu({ threads: 1 });
const { losses, splats, gradientSums, visibleSteps, maxRadii } = await runProblem(device, trainingProblem(400), {
  steps: Number(steps),
  residency: residency as Residency,
  viewsPerStep: Number(viewsPerStep),
  transform: "gains",
  alter: (step) => ({ ...step, flags: (step.flags ?? 0) | STEP.transform, transformRate: 0.01 }),
});
const { means, logScales, quats, opacities, sh } = splats;
const arrays = [losses, means, logScales, quats, opacities, sh, gradientSums, visibleSteps, maxRadii];
const bytes = new Blob(arrays.map(({ buffer }) => new Uint8Array(buffer as ArrayBuffer)));
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await bytes.arrayBuffer()));
const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
console.log(hash, device.memory().byPurpose.instances.live);
