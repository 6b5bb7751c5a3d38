// The pages for users of other trainers, and about GPUs, have what the code has.

import { assert, assertEquals } from "@std/assert";
import { COMPATIBILITY_ROWS, PIPELINE_ROWS } from "../../cli/compatibility.ts";
import { rowsOf } from "../../cli/option.ts";
import { METRICS_OPTIONS, RENDER_OPTIONS, TRAIN_OPTIONS } from "../../cli/options.ts";
import { insteadOf, PEER_OPTIONS } from "../../cli/peer_options.ts";
import { page } from "./markdown.ts";

const TEXT = page("docs/guide/migration.md");
const TRAIN = rowsOf(TRAIN_OPTIONS).map(({ name }) => name);
const OURS = new Set([...TRAIN, ...[RENDER_OPTIONS, METRICS_OPTIONS].flatMap(rowsOf).map(({ name }) => name)]);

/** Options of Taming 3DGS's train.py, all of which `train` has. */
const REFERENCE = `source_path model_path images resolution white_background sh_degree data_device eval
  iterations position_lr_init position_lr_final position_lr_delay_mult position_lr_max_steps feature_lr shfeature_lr
  opacity_lr scaling_lr rotation_lr percent_dense lambda_dssim densification_interval opacity_reset_interval
  densify_from_iter densify_until_iter densify_grad_threshold random_background optimizer_type
  separate_sh convert_SHs_python compute_cov3D_python debug ip port debug_from detect_anomaly test_iterations
  save_iterations quiet checkpoint_iterations start_checkpoint cams budget mode websockets ho_iteration sh_lower
  benchmark_dir`.split(/\s+/);

/** Names of options in a text, as tame writes them: of a dotted name the last part. */
function optionsIn(text: string): string[] {
  return [...text.matchAll(/--([a-zA-Z][\w.-]*\w)/g)].map(([, name]) => name.split(".").at(-1)!.replaceAll("-", "_"));
}

/** The rows of the page's tables: their first two cells. */
function rows(): [string, string][] {
  return TEXT.split("\n").filter((line) => line.startsWith("| `--"))
    .map((line) => line.split("|").slice(1, 3).map((cell) => cell.trim()) as [string, string]);
}

Deno.test("the page on migration has every option of another trainer that the error message knows, with the same text", () => {
  const plain = (text: string) => text.replaceAll("`", "");
  const listed = new Map(rows().flatMap(([names, here]) => optionsIn(names).map((name) => [name, plain(here)])));
  for (const name of PEER_OPTIONS) {
    assertEquals(listed.get(name), plain(insteadOf(`--${name}`, TRAIN)!.replace(/^use /, "")), `--${name}`);
  }
});

Deno.test("the page on migration has every option of train.py, and those that tame rejects among them", () => {
  const listed = new Set(rows().flatMap(([names]) => optionsIn(names)));
  assertEquals(REFERENCE.filter((name) => !listed.has(name)), []);
  assertEquals(REFERENCE.filter((name) => !TRAIN.includes(name)), []);
  for (const { name } of [...COMPATIBILITY_ROWS, ...PIPELINE_ROWS]) assert(REFERENCE.includes(name), name);
});

Deno.test("the page on migration names no option that neither tame nor another trainer has", () => {
  const others = [...PEER_OPTIONS, "load_config", "skip_train"];
  assertEquals(optionsIn(TEXT).filter((name) => !OURS.has(name) && !others.includes(name)), []);
});

Deno.test("the page on GPUs has the targets that the Makefile builds", () => {
  const [archs, ptx] = ["CUDA_ARCHS", "CUDA_PTX"].map((name) =>
    new RegExp(`^${name} \\?= (.+)$`, "m").exec(page("Makefile"))![1].split(" ")
  );
  const built = [...page("docs/guide/gpus.md").matchAll(/^\| [^|]+\| (?:PTX )?`(sm|compute)_(\d+)` /gm)];
  const of = (kind: string) => [...new Set(built.filter(([, found]) => found === kind).map(([, , number]) => number))];
  assertEquals(of("sm"), archs);
  assertEquals(of("compute"), ptx);
});
