// load/archive.ts: captures in zip archives read as they do in a folder, and archives that are damaged or lie.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join, relative } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { archivedEntries, readArchived } from "../../load/archive.ts";
import { readDataFile, readStart } from "../../load/bytes.ts";
import { imageSize, readImage } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { Random } from "../reference/random.ts";
import { image, model, pattern, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";
import { mutated } from "./mutations.ts";
import { repetitions } from "../support/long.ts";
import { type ZipEntry, zipOf } from "./zips.ts";

const SIZE = { width: 40, height: 30 };
const MUTATIONS = repetitions(10_000);
const LONGEST_MILLISECONDS = 1000;
const bytes = (content: string) => new TextEncoder().encode(content);

/** The files of a folder as entries of an archive, below a folder of it. */
async function entriesOf(folder: string, below: string): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  const walk = async (at: string) => {
    for await (const { name, isDirectory } of Deno.readDir(at)) {
      const path = join(at, name);
      if (isDirectory) await walk(path);
      else entries.push({ name: below + relative(folder, path), data: await Deno.readFile(path) });
    }
  };
  await walk(folder);
  return entries;
}

/** A COLMAP capture with a mask, and its entries. */
async function withCapture(body: (folder: string, entries: ZipEntry[]) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const capture = join(folder, "capture");
    const photos = ["images/left/ein Käfer.png", "images/b.png"];
    const content = model(pinhole(1, SIZE.width, SIZE.height), [image(1, "left/ein Käfer.png"), image(2, "b.png")]);
    await writeCapture(capture, { model: content, photos, ...SIZE });
    await Deno.mkdir(join(capture, "masks"));
    const mask = Uint8Array.from({ length: 1200 }, (_, i) => i % 40 < 20 ? 255 : 0);
    await Deno.writeFile(join(capture, "masks", "b.png"), await raw(mask, 40, 30).png().toBuffer());
    await body(folder, await entriesOf(capture, ""));
  });
}

/** Everything of a scene that does not depend on where it is. */
async function contentOf(source: string): Promise<unknown> {
  const { train, points, extent, notices } = await loadScene(source);
  const views = train.map(async ({ name, path, maskPath, camera, photo }) => {
    const [file, mask] = [path, maskPath ?? source].map((at) => at.slice(at.lastIndexOf("/images/")));
    return { name, file, mask: maskPath === undefined ? undefined : mask.slice(-11), camera, photo: await photo() };
  });
  return { views: await Promise.all(views), points, extent, notices };
}

Deno.test("loadScene() reads a capture in an archive as in a folder, however it is packed, and writes nothing", async () => {
  await withCapture(async (folder, entries) => {
    const expected = await contentOf(join(folder, "capture"));
    const packed: Record<string, ZipEntry[]> = {
      "deflated.zip": entries,
      "stored.ZIP": entries.map((entry) => ({ ...entry, stored: true })),
      "zip64.zip": entries.map((entry, i) => ({ ...entry, zip64: true, stored: i % 2 === 0 })),
      "in one folder.zip": [
        { name: "garden/", data: new Uint8Array(0), stored: true },
        ...entries.map((entry) => ({ ...entry, name: `garden/deep/${entry.name}` })),
        { name: "__MACOSX/garden/._x", data: bytes("x") },
        { name: ".DS_Store", data: bytes("x") },
      ],
      "backslashes.zip": [
        { name: "images\\", data: new Uint8Array(0), stored: true },
        ...entries.map((entry) => ({ ...entry, name: `.\\${entry.name.replaceAll("/", "\\")}` })),
      ],
    };
    for (const [name, content] of Object.entries(packed)) {
      const path = join(folder, name);
      await Deno.writeFile(path, zipOf(content));
      assertEquals(await contentOf(path), expected, name);
    }
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(left, ["capture", ...Object.keys(packed)].sort());
  });
});

Deno.test("loadScene() reads a transforms.json and its photos through an archive, and never out of it", async () => {
  await withFolder(async (folder) => {
    const frame = (file_path: string) => ({
      file_path,
      transform_matrix: [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]],
    });
    const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();
    await Deno.writeFile(join(folder, "secret.png"), photo);
    const pack = (file_path: string) =>
      zipOf([
        { name: "transforms.json", data: bytes(JSON.stringify({ camera_angle_x: 0.8, frames: [frame(file_path)] })) },
        { name: "images/a.png", data: photo, stored: true },
        { name: "images/link.png", data: bytes("../../secret.png"), mode: 0o120777 },
      ]);
    const path = join(folder, "a.zip");
    await Deno.writeFile(path, pack("./images/a"));
    assertEquals((await loadScene(path)).train.map((view) => view.path), [join(path, "images", "a.png")]);
    assertEquals((await loadScene(join(path, "transforms.json"))).train.length, 1);
    await Deno.writeFile(path, pack("../secret.png"));
    await assertRejects(() => loadScene(path), DataError, "is outside the capture's folder");
    await Deno.writeFile(path, pack("images/link.png"));
    await assertRejects(() => loadScene(path), DataError, "1 of 1 photos are missing");
  });
});

Deno.test("imageSize() and readImage() read a photo in an archive when much comes before its size", async () => {
  await withFolder(async (folder) => {
    const jpeg = new Uint8Array(await raw(pattern(40, 30), 40, 30).jpeg().toBuffer());
    // 260 kB of application segments after the first marker, as of a camera that stores previews there.
    const segment = Uint8Array.from({ length: 65_000 }, (_, i) => [0xff, 0xef, 0xfd, 0xe6][i] ?? i);
    const large = new Uint8Array([
      ...jpeg.slice(0, 2),
      ...segment,
      ...segment,
      ...segment,
      ...segment,
      ...jpeg.slice(2),
    ]);
    const path = join(folder, "a.zip");
    await Deno.writeFile(path, zipOf([{ name: "a.jpg", data: large }, { name: "b.jpg", data: jpeg, stored: true }]));
    for (const name of ["a.jpg", "b.jpg"]) {
      assertEquals(await imageSize(join(path, name)), { width: 40, height: 30, alpha: false });
      assertEquals((await readImage(join(path, name))).data.length, 3 * 40 * 30);
    }
    await Deno.writeFile(path, zipOf([{ name: "a.jpg", data: large.slice(0, 200_000) }]));
    await assertRejects(() => imageSize(join(path, "a.jpg")), DataError, "Photo cannot be read");
  });
});

Deno.test("a folder whose name ends in .zip is a folder, which archives may be in", async () => {
  await withCapture(async (folder, entries) => {
    const inFolder = join(folder, "data.zip", "old.ZIP");
    await Deno.mkdir(inFolder, { recursive: true });
    await Deno.writeFile(join(inFolder, "garden.zip"), zipOf(entries));
    assertEquals((await loadScene(join(inFolder, "garden.zip"))).train.length, 2);
    await Deno.rename(join(folder, "capture"), join(folder, "capture.zip"));
    assertEquals((await loadScene(join(folder, "capture.zip"))).train.length, 2);
  });
});

Deno.test("readStart() reads the first bytes of a file in an archive, whatever follows", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.zip");
    const data = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) >> 3);
    await Deno.writeFile(
      path,
      zipOf([{ name: "a", data }, { name: "b", data, stored: true }, { name: "c", data: bytes("c") }]),
    );
    for (const name of ["a", "b"]) assertEquals(await readStart(join(path, name), 1000), data.slice(0, 1000));
    assertEquals(await readStart(join(path, "c"), 1000), bytes("c"));
    assertEquals(await readDataFile(join(path, "b")), data);
    await assertRejects(() => readDataFile(join(path, "d")), DataError, "File is missing");
  });
});

Deno.test("readDataFile() reads entries in 64 folders, and beside names of thousands of slashes, at once", async () => {
  await withFolder(async (folder) => {
    const data = bytes("text");
    const deep = join(folder, "deep.zip");
    const slashes = `x${"/".repeat(60_000)}`;
    await Deno.writeFile(
      deep,
      zipOf([
        { name: `${"x/".repeat(64)}a`, data },
        ..."abcd".split("").map((name) => ({ name: slashes + name, data })),
      ]),
    );
    const start = performance.now();
    assertEquals(await readDataFile(join(deep, "x/".repeat(64), "a")), data);
    assert(performance.now() - start < LONGEST_MILLISECONDS);
  });
});

Deno.test("readDataFile() says what is wrong with an archive or with a file in it, and what to do", async () => {
  const data = bytes("a text that is repeated, a text that is repeated, a text that is repeated");
  const huge = 2 ** 31;
  const wrong: [what: ZipEntry[] | Uint8Array, words: string][] = [
    [bytes("no archive at all"), "Archive cannot be read: "],
    [zipOf([{ name: "a", data }]).slice(0, -30), "Archive cannot be read: "],
    [[{ name: "../a", data }], 'Archive has an entry that leads out of it, "../a": pack'],
    [[{ name: "/a", data }], 'Archive has an entry that leads out of it, "/a": pack'],
    [[{ name: "C:\\a", data }], 'Archive has an entry that leads out of it, "C:\\\\a": pack'],
    [[{ name: "x/../../a", data }], 'Archive has an entry that leads out of it, "x/../../a": pack'],
    [[{ name: "a", data }, { name: "a", data }], 'Archive has two entries of the name "a"'],
    [[{ name: "a", data }, { name: "./a", data }], 'Archive has two entries of the name "a"'],
    [[{ name: "a", data }, { name: "a/b", data }], 'Archive has two entries of the name "a"'],
    [[{ name: `${"x/".repeat(65)}a`, data }], "Archive has an entry in more than 64 folders"],
    [[{ name: "a", data, lies: { flags: 1 } }], "File is encrypted: make the archive without a password"],
    [[{ name: "a", data, lies: { method: 93 } }], "File is compressed by the method 93: make the archive with deflate"],
    [
      [{ name: "a", data, zip64: true, lies: { size: huge } }],
      "File is too large: 2147483648 bytes, at most 1073741824",
    ],
    [[{ name: "a", data, lies: { size: 2 ** 20 } }], "File states 1048576 bytes, more than "],
    [[{ name: "a", data, stored: true, lies: { size: 2 ** 20 } }], "File states 1048576 bytes, more than "],
    [[{ name: "a", data, lies: { size: 200 } }], "File in the archive cannot be read: "],
    [[{ name: "a", data, lies: { size: 20 } }], "File in the archive cannot be read: "],
    [[{ name: "a", data, lies: { crc: 1 } }], "File in the archive cannot be read: "],
  ];
  await withFolder(async (folder) => {
    for (const [i, [what, words]] of wrong.entries()) {
      const path = join(folder, `${i}.zip`);
      await Deno.writeFile(path, Array.isArray(what) ? zipOf(what) : what);
      const error = await assertRejects(() => readDataFile(join(path, "a")), DataError, "", `${i}: ${words}`);
      assert(error.message.startsWith(words) && error.message.includes(path), `${error.message}, not ${words}`);
    }
  });
});

Deno.test("reading an archive ends in a DataError or its bytes when bytes are changed at random", async () => {
  await withFolder(async (folder) => {
    const data = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
    const whole = zipOf([
      { name: "a/b.txt", data },
      { name: "stored", data, stored: true },
      { name: "wide", data, zip64: true },
    ]);
    const random = new Random(whole.length);
    let failed = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const path = join(folder, `${i % 8}-${i}.zip`);
      await Deno.writeFile(path, mutated(whole, random));
      const start = performance.now();
      try {
        for (const { name, isFile } of await archivedEntries(path) ?? []) {
          if (isFile) assert((await readArchived(join(path, name)))!.length <= 1 << 20);
        }
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        assert(error.path.startsWith(path) && error.message.includes(path));
        failed++;
      }
      assert(performance.now() - start < LONGEST_MILLISECONDS, `mutation ${i}`);
      await Deno.remove(path);
    }
    assert(failed > MUTATIONS / 20 && failed < MUTATIONS, `${failed} of ${MUTATIONS} failed`);
  });
});
