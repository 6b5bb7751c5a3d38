// What a run that goes on from a checkpoint must have in common with the run of the checkpoint.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CAPTURE_FRAME } from "../../base/frame.ts";
import { OptionError } from "../../base/option.ts";
import type { Scene } from "../../base/scene.ts";
import { CheckpointFile, checkpointParts } from "../../train/checkpoint/file.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { rejectsFile, SHORT, stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

deviceTest("train() rejects a checkpoint of another capture, seed, or with other options", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const startCheckpoint = await stopAt({ device, scene, options: { ...SHORT, shDegree: 2 }, folder: folder.path }, 12);
  const resume = (scene: Scene, options: TrainOptions = {}) => () =>
    trained(device, scene, { startCheckpoint, ...options });
  const [first, ...others] = scene.train;
  const moved = { ...first, camera: { ...first.camera, translation: [0, 0, 4.001] } };
  await rejectsFile(resume({ ...scene, train: others }), startCheckpoint, "it had 6 training views, this one has 5");
  await rejectsFile(resume({ ...scene, test: [] }), startCheckpoint, "it had 2 held-out views, this one has 0");
  await rejectsFile(resume({ ...scene, train: [moved, ...others] }), startCheckpoint, "cameras or sizes of its views");
  const elsewhere = { ...scene, frame: { origin: [5e5, 0, 0], scale: 1 } } as const;
  await rejectsFile(resume(elsewhere), startCheckpoint, "Checkpoint is of another capture");
  for (const options of [{ shDegree: 3 }, { iterations: 60 }, { strategy: "adc" }, { parity: "reference" }] as const) {
    const error = await assertRejects(resume(scene, options), OptionError);
    assertStringIncludes(error.message, `Cannot resume ${startCheckpoint} with `);
    assertStringIncludes(error.message, ` as ${Object.keys(options)[0]}: its run has `);
  }
  using other = await testDevice({ seed: 5 });
  const error = await assertRejects(() => trained(other, scene, { startCheckpoint }), OptionError);
  assertStringIncludes(error.message, "with 5 as seed: its run has 0");
  assertEquals(device.memory().byPurpose.parameters.live, 0, "nothing is left");

  // The same options, and those that cannot change the result.
  const same = { shDegree: 2, iterations: 30, parity: "none", strategy: "taming", budget: 2 } as const;
  const free = { testIterations: [20], saveIterations: [25], maxSeconds: 1e6, dataDevice: "cpu" } as const;
  const { events } = await resume({ ...scene, frame: CAPTURE_FRAME }, { ...same, ...free })();
  assertEquals(events.filter(({ type }) => type === "save").map(({ iteration }) => iteration), [25, 30]);
  assert(events.some(({ type, iteration }) => type === "evaluate" && iteration === 20));
});

deviceTest("a caller's own strategy is given again to a resumed run", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const strategy: TrainOptions["strategy"] = () => ({
    name: "still",
    densification: [],
    isEvent: () => false,
    views: () => [],
    stepTerms: () => ({ flags: 0, frozen: 0 }),
    apply: () => Promise.resolve(undefined),
  });
  const options: TrainOptions = { ...SHORT, strategy };
  const whole = await trained(device, scene, options);
  const startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, 9);
  assertEquals((await trained(device, scene, { startCheckpoint, strategy })).rows, whole.rows);
  const error = await assertRejects(() => trained(device, scene, { startCheckpoint }), OptionError);
  assertStringIncludes(error.message, `has the strategy "still" of its caller`);
});

/** Writes a checkpoint again with parts of its manifest replaced, and correct checksums. */
async function rewritten(path: string, changed: object): Promise<string> {
  const checkpoint = await CheckpointFile.open(path);
  const chunks = await Array.fromAsync(checkpoint.chunks());
  const manifest = { ...checkpoint.manifest, ...changed };
  const other = `${path}.changed.tame`;
  await Deno.writeFile(other, new Blob([...checkpointParts(manifest, chunks)] as BlobPart[]).stream());
  return other;
}

deviceTest("a resumed run warns where it cannot have the bits of one that did not stop", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const path = await stopAt({ device, scene, options: SHORT, folder: folder.path }, 12);
  const { manifest } = await CheckpointFile.open(path);
  const { device: before, versions } = manifest;
  for (
    const [changed, words] of [
      [{ device: { ...before, backend: "quantum" } }, `backend of PATH is quantum, here it is ${device.backend}`],
      [{ device: { ...before, targets: "sse" } }, "processor's code of PATH is sse"],
      [{ versions: { ...versions, abi: 1 } }, "ABI version of PATH is 1"],
      [{}, undefined],
    ] as const
  ) {
    const startCheckpoint = await rewritten(path, changed);
    const { events, result } = await trained(device, scene, { startCheckpoint });
    const warnings = events.filter((event) => event.type === "warning").map(({ message }) => message);
    assertEquals(warnings.length, words === undefined ? 0 : 1);
    if (words !== undefined) assertStringIncludes(warnings[0], words.replace("PATH", startCheckpoint));
    assertEquals(result.iteration, 30);
  }
});

deviceTest("a manifest that contradicts itself or the run is rejected", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const path = await stopAt({ device, scene, options: SHORT, folder: folder.path }, 12);
  const { manifest: { state, columns, sections, progress } } = await CheckpointFile.open(path);
  const [first, ...others] = columns;
  const cases: [object, string][] = [
    [{ state: undefined }, `no valid "state"`],
    [{ state: { ...state, iteration: "12" } }, `no valid "state.iteration"`],
    [{ sections: [{ ...sections[0], bytes: -1 }, ...sections.slice(1)] }, `no valid "sections[0].bytes"`],
    [{ columns: [{ ...first, rows: first.rows + 1 }, ...others] }, "lists no whole column means"],
    [{ columns: [...columns, { name: "more", values: 1, rows: 40 }] }, "lists no whole column more"],
    [{ columns: others }, "other columns than the state of this run"],
    [{ progress: { ...progress, count: 1000 } }, "has 1000 Gaussians; this run has at most 80"],
  ];
  for (const [changed, words] of cases) {
    const startCheckpoint = await rewritten(path, changed);
    const run = async () => {
      for await (const event of train(device, scene, { startCheckpoint })) {
        if (event.type === "plan") defer = event.gaussians;
      }
    };
    let defer: Disposable | undefined;
    await rejectsFile(run, startCheckpoint, words);
    defer?.[Symbol.dispose]();
  }
});
