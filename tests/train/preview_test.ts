// Previews: events at the iterations that were asked for, which change nothing.
import { assertEquals } from "@std/assert";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const OPTIONS = { iterations: 20, testIterations: [10], saveIterations: [10], budget: 1 };

deviceTest(
  "previewIterations yields preview events, between the save and the evaluation, without effect",
  async (device) => {
    const scene = await syntheticScene(device);
    const { events, rows } = await trained(device, scene, { ...OPTIONS, previewIterations: [20, 10, 1, 10, 21] });
    const told = events.filter(({ type }) => ["save", "preview", "evaluate"].includes(type));
    assertEquals(told.map(({ type, iteration }) => `${type} ${iteration}`), [
      "preview 1",
      "save 10",
      "preview 10",
      "evaluate 10",
      "evaluate 10",
      "save 20",
      "preview 20",
    ]);
    const without = await trained(device, scene, OPTIONS);
    assertEquals(without.events.some(({ type }) => type === "preview"), false);
    assertEquals(rows, without.rows);
    const never = await trained(device, scene, { ...OPTIONS, previewIterations: [-1] });
    assertEquals(never.events.some(({ type }) => type === "preview"), false);
  },
);
