// `view`: shows finished models on a page, whose browser draws them.

import { formatBytes } from "../base/format.ts";
import { isLoopback } from "../view/guard.ts";
import { prepareDrawingLibrary } from "../view/drawing_library.ts";
import { type FinishedModel, openModel } from "../view/finished_model.ts";
import type { SavedSplats, SplatForm } from "../view/model_protocol.ts";
import { ModelSite } from "../view/model_site.ts";
import { PageServer } from "../view/page_server.ts";
import { isDirectory } from "../load/files.ts";
import { denoProgram } from "../load/npm_cache.ts";
import { parse } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { count } from "./format.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { VIEW_OPTIONS } from "./options.ts";
import { userPath } from "./paths.ts";
import { requirePermissions } from "./permissions.ts";
import { Reporter } from "./progress.ts";
import { chosenIteration } from "./saved_iteration.ts";
import { VERBS } from "./verbs.ts";

/** Models that can be shown beside each other. */
const MOST_MODELS = 2;

/** Runs the verb with the arguments after it, until it is interrupted; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "view",
      summary: VERBS.view.summary,
      usage: "MODEL|FILE [MODEL|FILE] [options]",
      example: "deno task view out/fox",
      notes: [
        "The browser draws the splats with spark, which the first use downloads from npm into Deno's cache: 10 MB. " +
        "See docs/guide/view.md.",
      ],
      table: VIEW_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values, positionals } = parse(argv, VIEW_OPTIONS, { positionals: MOST_MODELS });
  if (positionals.length === 0) throw new UsageError("Missing argument: a model folder or a file of splats");
  const address = { hostname: values.ip, port: values.port };
  requirePermissions({ task: "view", argv }, { runs: denoProgram(), serves: address });
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() => reporter.note("Interrupted: closing the page"));
  const { signal } = interrupt;
  const onNotice = (message: string): void => reporter.note(message);
  const form = values.form ?? (isLoopback(values.ip) ? "ply" : "sog");
  const models: FinishedModel[] = [];
  for (const path of positionals.map((path) => userPath(path))) {
    const chosen = values.iteration === -1 || !await isDirectory(path);
    const iteration = chosen ? undefined : await chosenIteration(path, values.iteration);
    const model = await openModel(path, { iteration, onNotice });
    models.push(model);
    reporter.note(modelText(path, model.page.saved[model.page.first], form));
  }
  await prepareDrawingLibrary({ onNotice, signal });
  await using server = PageServer.listen(new ModelSite(models, form), address);
  reporter.link("Viewer: ", server.url);
  reporter.event({ type: "viewer", url: server.url });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  return interrupt.code;
}

/** What is shown, and what the browser gets of it. */
export function modelText(path: string, { iteration, count: gaussians, forms }: SavedSplats, wanted: string): string {
  const of = iteration === null ? "" : `, iteration ${iteration}`;
  const form = forms.find(({ name }) => name === wanted) ?? forms[0];
  return `${path}${of}: ${count(gaussians)} ${gaussians === 1 ? "Gaussian" : "Gaussians"}; ${formText(form)}`;
}

function formText({ name, bytes, seconds }: SplatForm): string {
  const size = bytes === null ? `encoded when a page asks for it, about ${seconds} s on one core` : formatBytes(bytes);
  return `pages get ${name === "ply" ? "the PLY" : "a SOG file"}, ${size}`;
}
