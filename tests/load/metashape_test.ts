// load/metashape.ts against the formulas of Metashape's manual (appendix "Camera models").

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parseMetashape } from "../../load/metashape.ts";
import { loadScene } from "../../load/scene.ts";
import { loadXmlParser } from "../../load/xml.ts";
import { libraryMissing } from "../support/device.ts";
import { assertSees, beacon, minus, plus, type Point, rotationAbout, times, transposed, type Vec } from "./beacon.ts";
import { withFolder } from "./fixtures.ts";

const [WIDTH, HEIGHT] = [160, 120];
const parseXml = await loadXmlParser();

/** The chunk's placement in the world, and the camera's in the chunk. */
const CHUNK = { rotation: rotationAbout([1 / 3, 2 / 3, -2 / 3], 70), translation: [10, -20, 5] as Vec, scale: 2.5 };
const R = rotationAbout([2 / 3, -1 / 3, 2 / 3], 40);
const CENTRE: Vec = [0.5, 1, -0.25];
const IN_CAMERA: Vec = [0.66, -0.44, 1.5];

/** World coordinates of a point of the chunk: scale, rotation, translation. */
function toWorld([x, y, z]: Vec): Vec {
  return plus(times(CHUNK.rotation, [CHUNK.scale * x, CHUNK.scale * y, CHUNK.scale * z]), CHUNK.translation);
}
const POINT = toWorld(plus(times(R, IN_CAMERA), CENTRE));

const TRANSFORM = `<transform><rotation locked="true">${CHUNK.rotation.join(" ")}</rotation>
  <translation>${CHUNK.translation.join(" ")}</translation><scale>${CHUNK.scale}</scale></transform>`;
const POSE = [0, 1, 2].flatMap((k) => [...R.slice(3 * k, 3 * k + 3), CENTRE[k]]).concat([0, 0, 0, 1]).join(" ");
const camera = (label: string, attributes = "", inside = `<transform>${POSE}</transform>`) =>
  `<camera id="1" sensor_id="0" label="${label}" ${attributes}>${inside}<orientation>1</orientation></camera>`;
const sensor = (type: string, numbers: Record<string, number>, id = 0) =>
  `<sensor id="${id}" label="FC550 &amp; lens" type="${type}"><resolution width="9" height="9"/>
  <property name="pixel_width" value="0.003"/><bands><band label="Red"/></bands>
  <calibration type="${type}" class="initial"><resolution width="9" height="9"/><f>7</f></calibration>
  <calibration type="${type}" class="adjusted"><resolution width="${2 * WIDTH}" height="${2 * HEIGHT}"/>
  ${Object.entries(numbers).map(([key, value]) => `<${key}>${value}</${key}>`).join("\n")}</calibration>
  <covariance><params>f cx</params><coeffs>1 2 3 4</coeffs></covariance></sensor>`;
const documentOf = (...chunks: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<document version="2.0.0">\n${chunks.join("\n")}\n</document>\n`;
const chunk = (sensors: string, cameras: string, rest = TRANSFORM) =>
  `<chunk label="Chunk 1" enabled="true"><sensors next_id="1">${sensors}</sensors>
  <cameras next_id="2">${cameras}</cameras>${rest}<reference>LOCAL_CS</reference></chunk>`;

/** Calibrations for photos of twice the size, and where they image (x, y) at depth 1, in their pixels. */
const SENSORS: Record<string, { numbers: Record<string, number>; image: (x: number, y: number) => Point }> = {
  frame: {
    numbers: { f: 280, cx: 3.5, cy: -2.25, b1: 1.5, k1: -0.2, k2: 0.1, k3: 0.2, p1: 0.02, p2: -0.03 },
    image(x, y): Point {
      const r2 = x * x + y * y;
      const d = 1 - 0.2 * r2 + 0.1 * r2 ** 2 + 0.2 * r2 ** 3;
      const u = x * d + 0.02 * (r2 + 2 * x * x) + 2 * -0.03 * x * y;
      const v = y * d + -0.03 * (r2 + 2 * y * y) + 2 * 0.02 * x * y;
      return [WIDTH + 3.5 + u * 280 + u * 1.5, HEIGHT - 2.25 + v * 280];
    },
  },
  // As of a drone whose cameras were optimised with all coefficients.
  "full frame": {
    numbers: { f: 280, cx: 3.5, b1: 1.5, b2: 4, k1: -0.2, k2: 0.1, k3: 0.2, k4: 2, p1: 0.02, p2: -0.03 },
    image(x, y): Point {
      const r2 = x * x + y * y;
      const d = 1 - 0.2 * r2 + 0.1 * r2 ** 2 + 0.2 * r2 ** 3 + 2 * r2 ** 4;
      const u = x * d + 0.02 * (r2 + 2 * x * x) + 2 * -0.03 * x * y;
      const v = y * d + -0.03 * (r2 + 2 * y * y) + 2 * 0.02 * x * y;
      return [WIDTH + 3.5 + u * 280 + u * 1.5 + v * 4, HEIGHT + v * 280];
    },
  },
  fisheye: {
    numbers: { f: 200, cx: 3.5, cy: -2.25, b1: 1.5, k1: 0.05, k2: -0.02, k3: 0.6, k4: -0.4, p1: 0.01, p2: -0.02 },
    image(x0, y0): Point {
      const r0 = Math.hypot(x0, y0);
      const [x, y] = [x0 * Math.atan(r0) / r0, y0 * Math.atan(r0) / r0];
      const r2 = x * x + y * y;
      const d = 1 + 0.05 * r2 - 0.02 * r2 ** 2 + 0.6 * r2 ** 3 - 0.4 * r2 ** 4;
      const u = x * d + 0.01 * (r2 + 2 * x * x) + 2 * -0.02 * x * y;
      const v = y * d + -0.02 * (r2 + 2 * y * y) + 2 * 0.01 * x * y;
      return [WIDTH + 3.5 + u * 200 + u * 1.5, HEIGHT - 2.25 + v * 200];
    },
  },
};
SENSORS.equidistant_fisheye = SENSORS.fisheye;

for (const [type, { numbers, image }] of Object.entries(SENSORS)) {
  Deno.test({
    name: `loadScene() sees a point of a Metashape project where its ${type} sensor shows it`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      await withFolder(async (folder) => {
        const [x, y, z] = IN_CAMERA;
        const [u, v] = image(x / z, y / z);
        await Deno.mkdir(join(folder, "images"));
        await Deno.writeFile(join(folder, "images", "DSC_1.png"), await beacon(WIDTH, HEIGHT, [u / 2, v / 2]));
        const path = join(folder, "cameras.xml");
        await Deno.writeTextFile(join(folder, "other.xml"), "<other/>");
        await Deno.writeTextFile(path, documentOf(chunk(sensor(type.replace("full ", ""), numbers), camera("DSC_1"))));
        for (const source of [folder, path]) {
          const scene = await loadScene(source);
          assertEquals(scene.train[0].name, "DSC_1");
          await assertSees(scene, POINT);
        }
      });
    },
  });
}

const PLAIN = sensor("frame", { f: 280 });
const parse = (text: string) => parseMetashape(new TextEncoder().encode(text), "cameras.xml", parseXml);
const centreOf = ({ rotation, translation }: { rotation: number[]; translation: number[] }): Vec =>
  times(transposed(rotation), minus([0, 0, 0], translation as Vec));

Deno.test("parseMetashape() reads groups, leaves out what is not aligned or disabled, and takes the largest chunk", () => {
  const small = chunk(PLAIN, camera("small"));
  const cameras = camera("a") + `<group id="0" label="g">${camera("b")}${camera("c", 'enabled="false"')}</group>` +
    camera("d", "", "");
  const { cameras: [a, b], notices } = parse(documentOf(small, chunk(PLAIN, cameras)));
  assertEquals([a.name, b.name], ["a", "b"]);
  assertEquals(notices, [
    "Of 2 chunks the largest is used, with 2 cameras",
    "2 of 4 cameras are not aligned, or disabled, and left out",
  ]);
});

Deno.test("parseMetashape() takes the largest of more chunks than a call has arguments", () => {
  const empty = `<chunk label="empty chunk 12345"/>`.repeat(200_000);
  const { cameras, notices } = parse(documentOf(empty, chunk(PLAIN, camera("a"))));
  assertEquals(cameras.map(({ name }) => name), ["a"]);
  assertEquals(notices, ["Of 200001 chunks the largest is used, with 1 cameras"]);
});

/** The transform of a component that is far from the origin. */
const OFFSET: Vec = [-2499366.429888, -4256836.520906, 4029217.965003];
const FAR = `<transform><translation>${OFFSET.join(" ")}</translation></transform>`;

Deno.test("parseMetashape() places a camera by its component, else by the chunk, else as it is, in float64", () => {
  const components = (last: string) =>
    `<components><component id="7">${FAR}</component><component id="8">${last}</component></components>${TRANSFORM}`;
  const [first, second] = [camera("a", 'component_id="7"'), camera("b", 'component_id="8"')];
  const placed: [cameras: string, rest: string, centres: Vec[]][] = [
    [first + second, components(TRANSFORM), [plus(CENTRE, OFFSET), toWorld(CENTRE)]],
    [second, components(""), [toWorld(CENTRE)]],
    [camera("c"), components(""), [toWorld(CENTRE)]],
    [camera("c"), "", [CENTRE]],
  ];
  for (const [i, [cameras, rest, centres]] of placed.entries()) {
    const { cameras: found, notices } = parse(documentOf(chunk(PLAIN, cameras, rest)));
    assertEquals([found.length, notices], [centres.length, []]);
    for (const [k, centre] of centres.entries()) {
      centreOf(found[k]).forEach((value, axis) => assertAlmostEquals(value, centre[axis], 1e-8, `${i}`));
    }
  }
});

Deno.test("parseMetashape() uses the largest of several components if not all have a transform", () => {
  const components = `<components><component id="7">${FAR}</component><component id="8"/></components>${TRANSFORM}`;
  const camerasOf = (first: number, second: number) =>
    [7, 8].flatMap((id, i) =>
      Array.from({ length: [first, second][i] }, (_, k) => camera(`${id} ${k}`, `component_id="${id}"`))
    );
  const expected: [first: number, second: number, names: string[], centre: Vec][] = [
    [1, 2, ["8 0", "8 1"], toWorld(CENTRE)],
    [2, 1, ["7 0", "7 1"], plus(CENTRE, OFFSET)],
    [1, 1, ["7 0"], plus(CENTRE, OFFSET)],
  ];
  for (const [first, second, names, centre] of expected) {
    const { cameras, notices } = parse(documentOf(chunk(PLAIN, camerasOf(first, second).join(""), components)));
    assertEquals(cameras.map(({ name }) => name), names);
    centreOf(cameras[0]).forEach((value, axis) => assertAlmostEquals(value, centre[axis], 1e-8));
    assertEquals(notices, [
      `Of 2 components the largest is used, with ${names.length} of ${
        first + second
      } cameras: not all components have ` +
      "a transform",
    ]);
  }
});

Deno.test("parseMetashape() names the line of what is wrong", () => {
  const with_ = (numbers: Record<string, number>, type = "frame") =>
    documentOf(chunk(sensor(type, { f: 280, ...numbers }), camera("a")));
  const wrong: [text: string, words: string][] = [
    ["", "not well-formed XML"],
    ["<document><chunk></document>", "not well-formed XML: unexpected close tag (cameras.xml, line 1)"],
    ["<chunk/>", "Expected <document>, found <chunk>"],
    ["<other/>", "no element that is known"],
    [documentOf(), "No camera is aligned and enabled"],
    [documentOf(chunk(PLAIN, camera("a", "", ""))), "No camera is aligned and enabled"],
    [documentOf(chunk("", camera("a"))), "Camera is of sensor 0, which does not exist (cameras.xml, line 4)"],
    [documentOf(chunk(PLAIN, camera(""))), "Camera has no label"],
    [documentOf(chunk('<sensor id="0"/>', camera("a"))), "Sensor 0 has no calibration"],
    [documentOf(chunk(sensor("frame", {}), camera("a"))), "Calibration of Sensor 0 has no f"],
    [documentOf(chunk(PLAIN.replaceAll('width="320"', 'width="-1"'), camera("a"))), "Sensor 0 is -1 x 240 pixels"],
    [documentOf(chunk(PLAIN.replace("<f>280", "<f>wide"), camera("a"))), "<f> is not a number (cameras.xml, line 7)"],
    [documentOf(chunk(PLAIN, camera("a", "", "<transform>1 2 3</transform>"))), "<transform> is not 16 numbers"],
    [
      documentOf(chunk(PLAIN, camera("a", "", `<transform>${"0 ".repeat(16)}</transform>`))),
      "Transform of a is not a rotation",
    ],
    [documentOf(chunk(PLAIN, camera("a"), TRANSFORM.replace("<scale>2.5", "<scale>0"))), "Scale is 0"],
    [with_({ f: 1 }), "Sensor 0 has focal lengths"],
    [with_({ b2: 0.3 }, "fisheye"), "Sensor 0 has b2, which is not supported: optimise the cameras without it, or"],
    [with_({ p3: 0.1, p4: 0.2 }), "Sensor 0 has p3, p4, which is not supported"],
    [with_({}, "equisolid_fisheye"), "Sensor 0 has the type equisolid_fisheye, which is not supported"],
    [with_({}, "spherical"), "Sensor 0 has the type spherical"],
    [`<document>${"<chunk>".repeat(70)}`, "nested too deeply"],
    [`<document>${"<chunk/>".repeat(2000)}</document>`, "File has more than"],
  ];
  for (const [text, words] of wrong) {
    const error = assertThrows(() => parse(text), DataError, "", words);
    assert(error.message.includes(words), `${error.message}, not ${words}`);
  }
});

Deno.test("parseMetashape() expands no entities", () => {
  const bomb = '<!DOCTYPE document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>';
  const text = documentOf(chunk(PLAIN, camera("&b;"))).replace("<document", `${bomb}<document`);
  assertThrows(() => parse(text), DataError, "undefined entity");
});

Deno.test("loadScene() takes no other XML file for Metashape's", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "a.xml"), "<document></document>");
    await assertRejects(() => loadScene(folder), DataError, "No capture: expected");
  });
});
