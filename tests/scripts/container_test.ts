// The Dockerfile and the example for Compose name what is there. Nothing is built: that needs Docker and its registry.

import { assert, assertEquals } from "@std/assert";
import { existsSync } from "@std/fs";
import { fromFileUrl, join } from "@std/path";
import { parse } from "yaml";
import { parse as parseArguments } from "../../cli/argv.ts";
import { TRAIN_OPTIONS, VIEW_OPTIONS } from "../../cli/options.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const read = (file: string) => Deno.readTextFileSync(join(ROOT, file));

/** The instructions, with continued lines joined. */
const instructions = read("Dockerfile").replace(/^#.*\n/gm, "").replaceAll("\\\n", " ").split("\n").filter(Boolean)
  .map((line) => line.trim().split(/\s+/));
const stages = instructions.flatMap((words) => words[0] === "FROM" && words[2] === "AS" ? [words[3]] : []);

Deno.test("the Dockerfile copies from its stages and from the checkout, in the version of Deno of the Makefile", () => {
  assertEquals(stages, ["deno", "build-cpu", "build-cuda", "cpu", "cuda"]);
  for (const [name, ...words] of instructions) {
    if (name !== "COPY") continue;
    const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
    if (from !== undefined) assert(stages.includes(from), from);
    else for (const path of words.slice(0, -1)) assert(existsSync(join(ROOT, path)), path);
  }
  const version = /^DENO_VERSION := (.*)$/m.exec(read("Makefile"))?.[1];
  assert(instructions.some(([name, value]) => name === "ARG" && value === `DENO_VERSION=${version}`));
});

Deno.test("the Dockerfile runs targets that the Makefile has", () => {
  const makefile = read("Makefile");
  const targets = instructions.filter(([name, program]) => name === "RUN" && program === "make")
    .map((words) => words.slice(2).filter((word) => !word.includes("=")));
  assertEquals(targets, [["portable"], ["build/portable/libtame_cuda.so"]]);
  assert(
    /^portable:/m.test(makefile) &&
      /^\$\(BUILD\)\/libtame_cuda\.so \$\(BUILD\)\/portable\/libtame_cuda\.so:/m.test(makefile),
  );
});

Deno.test("what builds nothing is not sent to the builder, and nothing that is copied is left out", () => {
  const ignored = read(".dockerignore").trim().split("\n");
  for (const folder of ["node_modules", "build", "data", "out", ".*"]) assert(ignored.includes(folder), folder);
  for (const path of ["cuda", "cli.ts", "cli.jsonc", "cli.lock", "third_party"]) assert(!ignored.includes(path), path);
});

Deno.test("compose.yaml builds stages of the Dockerfile, asks for a GPU, and its commands parse", () => {
  const { services } = parse(read("compose.yaml"));
  assertEquals(Object.keys(services), ["train", "view"]);
  for (const { build: { context, target }, volumes } of Object.values<typeof services.train>(services)) {
    assertEquals([context, stages.includes(target), volumes], [".", true, ["./data:/data"]]);
  }
  assertEquals(services.train.deploy.resources.reservations.devices[0].capabilities, ["gpu"]);
  const [train, ...trainArguments] = services.train.command.split(" ");
  const [view, ...viewArguments] = services.view.command.split(" ");
  assertEquals([train, view], ["train", "view"]);
  assertEquals(parseArguments(trainArguments, TRAIN_OPTIONS).values.source_path, "capture");
  const { values, positionals } = parseArguments(viewArguments, VIEW_OPTIONS, { positionals: 2 });
  assertEquals([values.ip, positionals], ["0.0.0.0", ["out/capture"]]);
  assertEquals(services.view.ports, [`127.0.0.1:${values.port}:${values.port}`]);
});
