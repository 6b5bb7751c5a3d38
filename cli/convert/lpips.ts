// `convert lpips`: PyTorch's LPIPS weights to one file.

import { writeFileAtomic } from "../../base/atomic.ts";
import { formatBytes } from "../../base/format.ts";
import { gatherLpips } from "../../eval/lpips/convert.ts";
import { encodeLpips } from "../../eval/lpips/weights_file.ts";
import { UsageError } from "../errors.ts";
import { LPIPS_ADVICE } from "../lpips_advice.ts";
import type { OptionValues } from "../option.ts";
import type { CONVERT_OPTIONS } from "../options.ts";
import { userPath } from "../paths.ts";
import type { Reporter } from "../progress.ts";

/** Converts the weights that the options name. */
export async function convertLpips(values: OptionValues<typeof CONVERT_OPTIONS>, reporter: Reporter): Promise<void> {
  for (const name of ["backbone", "linear", "output"] as const) {
    if (values[name] === undefined) throw new UsageError(`Missing --${name}. ${LPIPS_ADVICE}`);
  }
  const output = userPath(values.output!);
  const weights = await gatherLpips(userPath(values.backbone!), userPath(values.linear!));
  const { bytes, checksum } = await encodeLpips(weights);
  await writeFileAtomic(output, bytes);
  reporter.note(`Wrote ${output}: LPIPS (${weights.net}), ${formatBytes(bytes.length)}, SHA-256 ${checksum}`);
  reporter.event({ type: "lpips", net: weights.net, path: output, bytes: bytes.length, checksum });
}
