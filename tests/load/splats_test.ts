// Files of Gaussians in other formats than PLY: how they are told apart, and those that are read without the conversion
// library.

import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { splatFormat } from "../../load/splat_format.ts";
import { parseSplatGlb } from "../../load/splat_glb.ts";
import { formatViewerPage, parseViewerPage, sogOfPage } from "../../load/splat_html.ts";
import { readSplatFile, readSplats } from "../../load/splats.ts";
import { pointsPly } from "../../export/ply.ts";
import { GLB_ATTRIBUTES, someSplats, splatsCsv, splatsGlb, splatsPly } from "../support/splat_files.ts";
import { withFolder } from "./fixtures.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("splatFormat() goes by the mark of a file, and by its name where a format has none", () => {
  const cases: [path: string, bytes: Uint8Array, format: string][] = [
    ["a.splat", text("ply\nformat"), "ply"],
    ["a.bin", text("glTF...."), "glb"],
    ["a.ply", text("NGSP...."), "spz"],
    ["a", new Uint8Array([0x1f, 0x8b, 8]), "spz"],
    ["a", text("PK\x03\x04"), "sog"],
    ["lod-meta.json", text("{}"), "lod"],
    ["x/meta.json", text("{}"), "sog"],
    ["A.SPLAT", text("PK.."), "splat"],
    ["a.splat", new Uint8Array([0x1f, 0x8b, 8]), "splat"],
    ["a.ksplat", text("PK.."), "ksplat"],
    ["a.html", text("<!doctype html>"), "html"],
    ["a.csv", text("x,y,z"), "csv"],
  ];
  for (const [path, bytes, format] of cases) assertEquals(splatFormat(path, bytes), format, path);
  assertThrows(() => splatFormat("a.obj", text("v 1 2 3")), DataError, "Not a PLY, SPZ, SOG");
});

Deno.test("readSplats() reads comma-separated values, and says where they are wrong", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.csv");
    for (const degree of [0, 2]) {
      const splats = someSplats(5, degree);
      await Deno.writeFile(path, splatsCsv(splats));
      assertEquals(await readSplats(path), splats);
    }
    const good = new TextDecoder().decode(splatsCsv(someSplats(2, 0)));
    const bad: [from: RegExp, to: string, message: string][] = [
      [/,opacity/, ",opaque", "no column opacity, only x"],
      [/^x,y/, "x,x", "does not name the columns, each once"],
      [/\n[^,]+,/, "\nabc,", "Column 1 is not a number (PATH, line 2)"],
      [/\n[^,]+,/, "\n", "Expected 14 values, found 13 (PATH, line 2)"],
      [/\n$/, ",1\n", "Expected 14 values, found more (PATH, line 3)"],
      [/^[^]*$/, "", "does not name the columns, each once (PATH, line 1)"],
    ];
    for (const [from, to, message] of bad) {
      await Deno.writeTextFile(path, good.replace(from, to));
      await assertRejects(() => readSplats(path), DataError, message.replace("PATH", path));
    }
  });
});

Deno.test("parseSplatGlb() turns the axes of glTF to those of a PLY", () => {
  const splats = parseSplatGlb(splatsGlb(GLB_ATTRIBUTES), "a.glb");
  assertEquals([splats.count, splats.shDegree], [3, 1]);
  const values = (name: string) => [...GLB_ATTRIBUTES[name][1]];
  const signed = (name: string, signs: number[]) => values(name).map((value, i) => value * signs[i % signs.length]);
  assertEquals([...splats.means], signed("POSITION", [-1, -1, 1]));
  const khr = "KHR_gaussian_splatting:";
  const [x, y, z, w] = values(`${khr}ROTATION`);
  assertEquals([...splats.quats.slice(0, 4)], [-z, -y, x, w]);
  values(`${khr}SCALE`).forEach((scale, i) => assertAlmostEquals(Math.exp(splats.logScales[i]), scale, 1e-6));
  assertEquals([...splats.opacities], [Math.fround(Math.log(1 / 3)), -Infinity, Infinity]);
  // Harmonics of order -1 and 1 are odd in x and y.
  [[0, 0, 1], [1, 0, -1], [1, 1, 1], [1, 2, -1]].forEach(([degree, order, sign], k) => {
    const expected = signed(`${khr}SH_DEGREE_${degree}_COEF_${order}`, [sign]);
    assertEquals([0, 1, 2].flatMap((i) => [...splats.sh.slice(12 * i + 3 * k, 12 * i + 3 * k + 3)]), expected);
  });
});

Deno.test("parseSplatGlb() names what is wrong", () => {
  const { POSITION, ...rest } = GLB_ATTRIBUTES;
  const file = splatsGlb(GLB_ATTRIBUTES);
  const changed = (from: string, to: string) => {
    const latin = new TextDecoder("latin1").decode(file).replace(from, to.padEnd(from.length));
    return Uint8Array.from(latin, (character) => character.charCodeAt(0));
  };
  const cases: [Uint8Array, string][] = [
    [splatsGlb(rest), "no attribute POSITION"],
    [splatsGlb({ ...rest, POSITION: [3, POSITION[1].slice(3)] }), "differ in their counts"],
    [splatsGlb({ ...rest, POSITION: [1, POSITION[1]] }), "POSITION is SCALAR of component type 5126"],
    [file.slice(0, -4), "File ends inside a chunk"],
    [changed('"KHR_gaussian_splatting":{', '"KHR_other":{'), "No primitive has the extension"],
    [changed('"byteOffset":120', '"byteOffset":9e5'), "OPACITY is not inside the binary chunk"],
  ];
  for (const [bytes, message] of cases) assertThrows(() => parseSplatGlb(bytes, "a.glb"), DataError, message);
});

Deno.test("pages of the viewer are taken apart and put together again, whatever is in their bootstrap", () => {
  const page = '<html>\n<script type="application/json" id="sse-bootstrap">{"settings":{"a":1}}</script>\n<b></b>';
  const parsed = parseViewerPage(page, "a.html");
  assertEquals(parsed.bootstrap, { settings: { a: 1 } });
  assertEquals(formatViewerPage(parsed), page);
  const contentUrl = `data:application/octet-stream;base64,${new Uint8Array([80, 75, 1]).toBase64()}`;
  const written = formatViewerPage({ ...parsed, bootstrap: { note: "</script><!--", contentUrl } });
  assertEquals(parseViewerPage(written, "a.html").bootstrap, { note: "</script><!--", contentUrl });
  assertEquals(sogOfPage(text(written), "a.html"), new Uint8Array([80, 75, 1]));
  const elsewhere = formatViewerPage({ ...parsed, bootstrap: { contentUrl: "scene.sog" } });
  assertThrows(() => sogOfPage(text(elsewhere), "a.html"), DataError, "from another file");
  assertThrows(() => sogOfPage(text("<html></html>"), "a.html"), DataError, "not a page of PlayCanvas's viewer");
});

Deno.test("readSplatFile() reads PLY files of both kinds, and readSplats() only Gaussians", async () => {
  await withFolder(async (folder) => {
    const [points, gaussians] = [join(folder, "points.ply"), join(folder, "gaussians.ply")];
    const cloud = { count: 1, positions: new Float32Array([1, 2, 3]), colors: new Uint8Array([4, 5, 6]) };
    await Deno.writeFile(points, pointsPly(cloud));
    assertEquals((await readSplatFile(points)).points, cloud);
    await assertRejects(() => readSplats(points), DataError, "points, not Gaussians");
    const splats = someSplats(3, 1);
    splats.opacities[1] = Infinity;
    splats.means[0] = NaN;
    await Deno.writeFile(gaussians, splatsPly(splats));
    const notices: string[] = [];
    const read = await readSplats(gaussians, { onNotice: (notice) => notices.push(notice) });
    assertEquals(read.count, 2);
    assertEquals(notices, [
      `Of 3 Gaussians: 1 left out, with numbers that are NaN or infinite; 1 with an infinite opacity, clamped (${gaussians})`,
    ]);
    await assertRejects(() => readSplats(join(folder, "none.ply")), DataError, "File is missing");
  });
});
