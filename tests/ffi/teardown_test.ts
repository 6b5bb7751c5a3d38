// A program that an error ends while native code runs on another thread.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { libraryMissing, testBackend } from "../support/device.ts";

const FFI = new URL("../../ffi/", import.meta.url).href;

/** Starts a run of many steps and throws while it is running. */
const SCRIPT = `
import { openDevice } from "${FFI}device.ts";
import { Gaussians } from "${FFI}gaussians.ts";
import { Control, StepPlan, Trainer } from "${FFI}trainer.ts";
import { Views } from "${FFI}views.ts";

const device = await openDevice({ backend: "${testBackend}" });
const count = 200;
const means = Float32Array.from({ length: 3 * count }, (_, i) => i % 3 === 2 ? 3 : Math.sin(i));
const gaussians = Gaussians.create(device, { capacity: count, shDegree: 0, count });
gaussians.upload("means", means);
const [width, height] = [64, 64];
const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const camera = { width, height, fx: 60, fy: 60, cx: 32, cy: 32, rotation, translation: [0, 0, 0] };
const views = Views.create(device, { count: 1 });
views.set(0, camera, { width, height, channels: 3, data: new Uint8Array(3 * width * height) });
const steps = 100_000;
const plan = new StepPlan(steps);
const step = { view: 0, shDegree: 0, update: 1, learningRates: new Array(6).fill(0), background: [0, 0, 0] };
for (let iteration = 1; iteration <= steps; iteration++) plan.push({ ...step, iteration });
const control = new Control(steps);
void Trainer.create(gaussians, views).run(plan, control);
while (control.done === 0) await new Promise((resolve) => setTimeout(resolve, 1));
throw new Error("Thrown in flight");
`;

Deno.test({
  name: "an error while trainer.run() is in flight ends the program with its text and code 1",
  ignore: libraryMissing !== undefined,
  async fn() {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, SCRIPT);
      for (let attempt = 0; attempt < 3; attempt++) { // a crash is a matter of timing
        const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", "--no-lock", file],
          env: { NO_COLOR: "1" },
        }).output();
        const text = new TextDecoder().decode(stderr);
        assertEquals([code, signal], [1, null], text);
        assertStringIncludes(text, "Error: Thrown in flight");
      }
    } finally {
      await Deno.remove(file);
    }
  },
});
