// `convert`: photos without poses to a capture, with COLMAP; LPIPS weights of PyTorch to tame's format.

import { parse } from "./argv.ts";
import { convertLpips } from "./convert/lpips.ts";
import { convertPhotos, programOf } from "./convert/photos.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { CONVERT_OPTIONS } from "./options.ts";
import { PHOTO_ROWS, WEIGHT_ROWS } from "./options/convert_rows.ts";
import { requirePermissions } from "./permissions.ts";
import { Reporter } from "./progress.ts";
import { VERBS } from "./verbs.ts";

/** The argument that stands for weights instead of a folder. */
const LPIPS = "lpips";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "convert",
      summary: VERBS.convert.summary,
      usage: "FOLDER [-o CAPTURE] [options], or lpips --backbone FILE --linear FILE -o FILE",
      example: "deno task convert ../photos/garden -o ../data/garden --resize",
      notes: [
        "COLMAP must be installed. docs/guide/convert.md says what is written, and how an interrupted run goes on.",
        "docs/lpips.md says where LPIPS's two files come from. Nothing in them is executed.",
      ],
      table: CONVERT_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values, given, positionals: [what] } = parse(argv, CONVERT_OPTIONS, { positionals: 1 });
  const foreign = (what === LPIPS ? PHOTO_ROWS : WEIGHT_ROWS).find(({ name }) => given.has(name));
  if (foreign !== undefined) {
    throw new UsageError(`Cannot use --${foreign.name} to convert ${what === LPIPS ? LPIPS : "photos"}`);
  }
  const reporter = new Reporter(values);
  if (what === LPIPS) {
    await convertLpips(values, reporter);
  } else {
    requirePermissions({ task: "convert", argv }, { writes: true, runs: programOf(values) });
    await convertPhotos(values, what, reporter);
  }
  await reporter.delivered();
  return EXIT.done;
}
