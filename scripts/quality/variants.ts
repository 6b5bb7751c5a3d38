// Ways of training: those that are known by name, and those of the command line or of a JSON file.

import { OptionError } from "../../base/option.ts";
import { normalise, parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { flagOf } from "../../cli/option.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { trainOptions } from "../../cli/train_options.ts";
import { isObject } from "../../load/json.ts";

/** A way of training. */
export interface Variant {
  name: string;
  /** Flags of `train`. */
  flags: readonly string[];
  /** Whether the budget is the reference's multiple instead of its final count. */
  multiplies?: boolean;
}

/** The defaults, each replaced by the reference's behaviour, all of them replaced, other strategies, and options. */
export const VARIANTS: readonly Variant[] = [
  { name: "default", flags: [] },
  { name: "curve", flags: ["--parity=curve"] },
  { name: "selection", flags: ["--parity=selection"] },
  { name: "opacity", flags: ["--parity=opacity"] },
  { name: "rates", flags: ["--parity=rates"] },
  { name: "gradient", flags: ["--parity=gradient"] },
  { name: "cameras", flags: ["--parity=cameras"] },
  { name: "coverage", flags: ["--parity=coverage"] },
  { name: "reference", flags: ["--parity=reference"], multiplies: true },
  { name: "antialiasing", flags: ["--antialiasing"] },
  { name: "cap", flags: ["--budget_cap"] },
  { name: "unpruned", flags: ["--min_opacity=0"] },
  { name: "fast", flags: ["--preset=fast"] },
  { name: "absgrad", flags: ["--strategy=absgrad"] },
  { name: "mcmc", flags: ["--strategy=mcmc", "--densification_interval=100"] },
  { name: "adc", flags: ["--strategy=adc"] },
  { name: "high_opacity", flags: ["--high_opacity"] },
  { name: "sparse_adam", flags: ["--optimizer_type=sparse_adam"] },
];

/** Options of `train` that the harness sets; no variant can, or two runs would not be a pair. */
const OWN_OPTIONS = [
  ...["source_path", "model_path", "config", "json", "quiet"],
  ...["eval", "test_every", "test_offset", "seed", "test_iterations", "save_iterations"],
];

const NAME = /^\w[\w.+-]*$/;

/**
 * Reads a list of variants, `base=;slow=--position_lr_init 0.00004;cap`: names with flags of `train` after an equals
 * sign, or names of {@linkcode VARIANTS} alone. The first is the baseline.
 *
 * @throws {UsageError} When a name is unknown, unfit or there twice, or `train` does not take the flags
 */
export function parseVariants(text: string): Variant[] {
  const items = text.split(";").map((item) => item.trim()).filter((item) => item !== "");
  return checked(items.map((item) => {
    const equals = item.indexOf("=");
    return equals < 0 ? known(item) : { name: item.slice(0, equals).trim(), flags: flagsOf(item.slice(equals + 1)) };
  }));
}

/**
 * Reads the JSON text of a file of variants, `{ "base": "", "slow": ["--position_lr_init", "0.00004"] }`: each has a
 * text or a list of flags, or null for one of {@linkcode VARIANTS}. The first is the baseline.
 *
 * @throws {UsageError} As {@linkcode parseVariants}, and when the text is something else
 */
export function parseVariantsJson(text: string, path: string): Variant[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot read variants from ${path}: it is not JSON (${(error as Error).message})`);
  }
  if (!isObject(data)) throw new UsageError(`Cannot read variants from ${path}: it holds no object of names and flags`);
  return checked(
    Object.entries(data).map(([name, flags]): Variant => {
      if (flags === null) return known(name);
      if (typeof flags === "string") return { name, flags: flagsOf(flags) };
      if (Array.isArray(flags) && flags.every((flag) => typeof flag === "string")) return { name, flags };
      throw new UsageError(
        `Cannot read variant "${name}" of ${path}: it takes a text or a list of flags of train, or null`,
      );
    }),
  );
}

/** The flags of a text, which spaces separate. */
export function flagsOf(text: string): string[] {
  return text.split(/\s+/).filter((flag) => flag !== "");
}

function known(name: string): Variant {
  const variant = VARIANTS.find((variant) => variant.name === name);
  if (variant !== undefined) return variant;
  throw new UsageError(
    `Unknown variant "${name}": write ${name}=FLAGS for one of your own, or one of ` +
      VARIANTS.map(({ name }) => name).join(", "),
  );
}

function checked(variants: Variant[]): Variant[] {
  if (variants.length === 0) throw new UsageError("No variants: --variants takes names with flags of train");
  for (const [index, { name, flags }] of variants.entries()) {
    if (!NAME.test(name)) {
      throw new UsageError(`Cannot use "${name}" as a variant: a name has letters, digits and . + - _`);
    }
    if (variants.findIndex((other) => other.name === name) < index) {
      throw new UsageError(`Two variants are called "${name}"`);
    }
    checkFlags(flags, `variant "${name}"`);
  }
  return variants;
}

/**
 * Checks flags of `train` before anything is trained.
 *
 * @param flags The flags
 * @param where Whose they are, for the error
 * @throws {UsageError} When `train` does not take them, or the harness sets them itself
 */
export function checkFlags(flags: readonly string[], where: string): void {
  try {
    const own = normalise(flags, TRAIN_OPTIONS).options.map(nameOf).find((name) => OWN_OPTIONS.includes(name));
    if (own !== undefined) throw new UsageError(`Cannot use --${own}: the harness sets it`);
    // A budget, as every run has one: a preset may not go without.
    trainOptions(parse(["--budget=1", ...flags], TRAIN_OPTIONS));
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message} (in ${where})`);
    if (error instanceof OptionError) throw new UsageError(`${error.spelled(flagOf)} (in ${where})`);
    throw error;
  }
}

/** The name in `--name=value`. */
function nameOf(option: string): string {
  return option.slice(2).split("=")[0];
}
