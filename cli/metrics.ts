// `metrics`: scores the rendered test views of model folders.

import { scoreModel } from "../eval/metrics.ts";
import { parse } from "./argv.ts";
import { openChosenDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { METRICS_OPTIONS } from "./options.ts";
import { userPath } from "./paths.ts";
import { Reporter } from "./progress.ts";
import { DataError } from "../load/errors.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "metrics",
      summary: VERBS.metrics.summary,
      usage: "-m MODEL …",
      example: "deno task metrics -m out/fox out/garden",
      notes: ["The means go to results.json and each picture's scores to per_view.json in the model folder."],
      table: METRICS_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, METRICS_OPTIONS);
  if (values.model_paths.length === 0) throw new UsageError("Missing --model_paths: which rendered models to score");
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: stopping after this picture"));
  using device = await openChosenDevice(values, reporter);
  let code: number = EXIT.done;
  for (const folder of values.model_paths.map((path) => userPath(path))) {
    const onPicture = (done: number, total: number) =>
      reporter.progress({ label: `Scoring ${folder}`, done, total, unit: "picture" });
    try {
      const scores = await scoreModel(device, folder, { signal: interrupt.signal, onPicture });
      reporter.finish();
      for (const [method, { psnr, ssim, pictures }] of Object.entries(scores)) {
        const numbers = `PSNR ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}`;
        reporter.note(`${folder} ${method}, ${pictures.length} test views: ${numbers}`);
        reporter.event({ type: "metrics", model: folder, method, views: pictures.length, psnr, ssim });
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reporter.warn(`Unable to compute metrics for model ${folder}: ${error.message}`);
      code = EXIT.data; // the other models are scored all the same
    } finally {
      reporter.finish();
    }
  }
  return code;
}
