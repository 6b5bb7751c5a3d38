// tame's command line: finds the verb, hands over, and turns whatever comes back into an exit code.

import { OptionError } from "./base/option.ts";
import { asksForHelp } from "./cli/help.ts";
import { UsageError } from "./cli/errors.ts";
import { EXIT, failureOf } from "./cli/exit.ts";
import { endAsInitProcess } from "./cli/interrupt.ts";
import { nearest } from "./base/nearest.ts";
import { ERRORS, exit } from "./cli/output.ts";
import { advice, requirePermissions } from "./cli/permissions.ts";
import { PROGRAM } from "./cli/program.ts";
import { type Verb, type VerbName, VERBS } from "./cli/verbs.ts";
import manifest from "./deno.json" with { type: "json" };

/** The verbs' modules, loaded when asked for: --help and a mistyped verb then need no permission. */
const MODULES: Record<VerbName, () => Promise<{ run(argv: string[]): Promise<number> }>> = {
  train: () => import("./cli/train.ts"),
  render: () => import("./cli/render.ts"),
  metrics: () => import("./cli/metrics.ts"),
  export: () => import("./cli/export.ts"),
  view: () => import("./cli/view.ts"),
  convert: () => import("./cli/convert.ts"),
  info: () => import("./cli/info.ts"),
  doctor: () => import("./cli/doctor.ts"),
  demo: () => import("./cli/demo.ts"),
  completion: () => import("./cli/completion.ts"),
};

const HELP = `tame ${manifest.version}: 3D Gaussian splats from photos

Usage: ${PROGRAM} VERB [options]      ${PROGRAM} VERB --help

${Object.entries(VERBS).map(([name, verb]) => `  ${name.padEnd(10)} ${verb.summary}`).join("\n")}

The paper's benchmark and reports: deno task full-eval --help

Exit codes: 0 done, 1 failed, 2 usage, 3 bad input data, 4 no usable device or out of memory,
129, 130 or 143 ended by SIGHUP, ^C or SIGTERM`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...argv] = args[0] === "help" && isVerb(args[1] ?? "") ? [args[1], "--help"] : args;
  if (name === "--version") {
    console.log(`tame ${manifest.version}`);
    return EXIT.done;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(HELP);
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  const verb: Verb | undefined = isVerb(name) ? VERBS[name] : undefined;
  try {
    if (!isVerb(name)) throw unknownVerb(name);
    if (!asksForHelp(argv) && !verb?.onlyPrints) requirePermissions({ task: name, argv }, VERBS[name]);
    const { run } = await MODULES[name]();
    return await run(argv);
  } catch (error) {
    const { code, message } = failureOf(error, () => advice({ task: name, argv }, verb));
    ERRORS.write(`Error: ${message}\n`);
    const aboutOptions = error instanceof UsageError || error instanceof OptionError;
    if (aboutOptions && verb !== undefined) ERRORS.write(`\nOptions: ${PROGRAM} ${name} --help\n`);
    return code;
  }
}

function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name);
}

function unknownVerb(name: string): UsageError {
  const names = Object.keys(VERBS);
  const near = nearest(name, names);
  const hint = near === undefined ? `the verbs are ${names.join(", ")}` : `did you mean "${near}"?`;
  return new UsageError(`Unknown verb "${name}": ${hint}`);
}

if (import.meta.main) {
  endAsInitProcess();
  await exit(await main(Deno.args));
}
