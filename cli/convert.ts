// `convert`: converts files of other programs to tame's formats.

import { writeFileAtomic } from "../base/atomic.ts";
import { formatBytes } from "../base/format.ts";
import { gatherLpips } from "../eval/lpips/convert.ts";
import { encodeLpips } from "../eval/lpips/weights_file.ts";
import { parse } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { CONVERT_OPTIONS } from "./options.ts";
import { userPath } from "./paths.ts";
import { Reporter } from "./progress.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "convert",
      summary: VERBS.convert.summary,
      usage: "lpips --backbone FILE --linear FILE -o FILE",
      example: "deno task convert lpips --backbone vgg16.pth --linear vgg.pth -o lpips_vgg.bin",
      notes: ["docs/lpips.md says where the two files come from. Nothing in them is executed."],
      table: CONVERT_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values, positionals } = parse(argv, CONVERT_OPTIONS, { positionals: 1 });
  if (positionals[0] !== "lpips") {
    const what = positionals.length === 0 ? "Missing argument" : `Cannot convert "${positionals[0]}"`;
    throw new UsageError(`${what}: expected lpips`);
  }
  for (const name of ["backbone", "linear", "output"] as const) {
    if (values[name] === undefined) throw new UsageError(`Missing --${name}`);
  }
  const reporter = new Reporter(values);
  const output = userPath(values.output!);
  const weights = await gatherLpips(userPath(values.backbone!), userPath(values.linear!));
  const { bytes, checksum } = await encodeLpips(weights);
  await writeFileAtomic(output, bytes);
  reporter.note(`Wrote ${output}: LPIPS (${weights.net}), ${formatBytes(bytes.length)}, SHA-256 ${checksum}`);
  reporter.event({ type: "lpips", net: weights.net, path: output, bytes: bytes.length, checksum });
  await reporter.delivered();
  return EXIT.done;
}
