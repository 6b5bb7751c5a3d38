// Names of numbered constants.

import { assertEquals } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { PHASES } from "../../ffi/device.ts";
import { PURPOSES } from "../../ffi/memory.ts";
import { namesOf } from "../../ffi/names.ts";

Deno.test("namesOf() returns camel-case names at their numbers", () => {
  assertEquals(namesOf("PHASE")[ABI.PHASE_BLEND_BACKWARD], "blendBackward");
  assertEquals(namesOf("RESIDENCY"), ["device", "pinned", "host"]);
});

Deno.test("PURPOSES and PHASES have the numbers of names that the header states", () => {
  assertEquals(PURPOSES.length, ABI.PURPOSES);
  assertEquals(PHASES.length, ABI.PHASES);
  assertEquals(PHASES, ["project", "bin", "blend", "loss", "blendBackward", "optimize", "score"]);
  assertEquals(
    PURPOSES,
    ["parameters", "optimizer", "statistics", "photos", "splats", "instances", "images", "other", "gradients"],
  );
});
