// Writes and native allocations of runs that fail: some of those that scripts/fault_check.ts fails one by one.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { failAllocations, failWrites } from "../../scripts/fault_check.ts";
import { cppCompiler } from "../support/compiler.ts";
import { LONG } from "../support/long.ts";
import { workflowTest } from "../support/workflow.ts";

const lacking = Deno.build.os !== "linux" ? "not Linux" : cppCompiler === undefined ? "no C++ compiler" : undefined;

workflowTest("a write that fails ends a run as it must, leaves whole files, and loses nothing", async (folder) => {
  assertEquals(await failWrites({ folder, capture: join(folder, "capture"), every: LONG ? 53 : 101 }), []);
}, lacking);

workflowTest("a native allocation that fails ends a run with its Gaussians saved, or not at all", async (folder) => {
  assertEquals(await failAllocations({ folder, capture: join(folder, "capture"), every: LONG ? 499 : 997 }), []);
}, lacking);
