// The comment of a PLY that says how its Gaussians are to be rendered.
import { assertEquals } from "@std/assert";
import { isAntialiased, renderModeComments } from "../../load/render_mode.ts";

Deno.test("isAntialiased() reads the comment as other trainers write it", () => {
  const antialiased = [
    "SplatRenderMode: mip",
    "SplatRenderMode:mip",
    "SplatRenderMode: mip-0.1",
    "splatrendermode=MIP",
    "antialiased 1",
    "Antialiased: true",
    "antialiasing true",
    "anti_aliased 1",
    "rasterize_mode: antialiased",
    "rasterize_mode antialiased",
  ];
  for (const comment of antialiased) {
    assertEquals(isAntialiased(["tame 0.1.0", comment]), true, comment);
  }
  const others = [
    "SplatRenderMode: default",
    "SplatRenderMode: 2dgs",
    "SplatRenderMode: mipmap",
    "a SplatRenderMode: mip",
    "mip",
    "antialiased 0",
    "antialiased false",
    "antialiased",
    "rasterize_mode: classic",
  ];
  for (const comment of others) {
    assertEquals(isAntialiased(["tame 0.1.0", comment]), false, comment);
  }
  assertEquals(isAntialiased([]), false);
});

Deno.test("isAntialiased() takes the last comment that states the mode", () => {
  assertEquals(isAntialiased(["SplatRenderMode: mip", "antialiased 0", "other"]), false);
  assertEquals(isAntialiased(["antialiased 0", "SplatRenderMode: mip", "other"]), true);
});

Deno.test("renderModeComments() are read back, and none for the mode that readers assume", () => {
  assertEquals(isAntialiased(renderModeComments(true)), true);
  assertEquals(renderModeComments(false), []);
});
