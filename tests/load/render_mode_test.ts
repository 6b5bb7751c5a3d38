// The comment of a PLY that says how its Gaussians are to be rendered.
import { assertEquals } from "@std/assert";
import { isAntialiased, renderModeComments } from "../../load/render_mode.ts";

Deno.test("isAntialiased() reads the comment as other trainers write it", () => {
  for (const comment of ["SplatRenderMode: mip", "SplatRenderMode:mip", "SplatRenderMode: mip-0.1"]) {
    assertEquals(isAntialiased(["tame 0.1.0", comment]), true, comment);
  }
  for (const comment of ["SplatRenderMode: default", "SplatRenderMode: mipmap", "a SplatRenderMode: mip", "mip"]) {
    assertEquals(isAntialiased(["tame 0.1.0", comment]), false, comment);
  }
  assertEquals(isAntialiased([]), false);
});

Deno.test("renderModeComments() are read back, and none for the mode that readers assume", () => {
  assertEquals(isAntialiased(renderModeComments(true)), true);
  assertEquals(renderModeComments(false), []);
});
