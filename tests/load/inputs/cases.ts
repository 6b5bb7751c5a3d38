// The table of inputs: what can be odd about a capture, in which formats, and what is to happen.

import { basename, dirname, extname, join } from "@std/path";
import { loadSharp } from "../../../ffi/sharp.ts";
import type { LoadOptions } from "../../../load/scene.ts";
import { pattern, raw } from "../fixtures.ts";
import { type Content, type FormatName, type Shot, SIZE } from "./capture.ts";

/** What is to happen. */
export interface Outcome {
  /** Cameras, points, pixels and hold-out are those of the clean capture, in units of its extent. */
  same?: true;
  /** The scene is loaded, with one of its notices like this. */
  notice?: RegExp;
  /** Loading, or decoding a photo, fails with a message like this. */
  error?: RegExp;
  /** Width of the photos and focal length, in pixels. */
  lens?: [width: number, f: number];
  /** Every photo has a mask. */
  masked?: true;
  /** Number of views. Default all. */
  views?: number;
}

/** A kind of input. */
export interface Case {
  /** What is odd, as in the guide's table. */
  input: string;
  /** What happens, as in the guide's table. */
  happens: string;
  /** Formats that can have it; what happens in each. */
  outcome: Outcome | ((format: FormatName) => Outcome);
  formats: readonly FormatName[];
  /** Changes what the capture states. */
  states?: (content: Content) => Content;
  /** Changes its files. */
  files?: (folder: string) => Promise<void>;
  options?: LoadOptions;
}

const ALL: readonly FormatName[] = ["COLMAP, binary", "COLMAP, text", "transforms.json", "OpenSfM", "Bundler"];
/** Formats that state the size of photos and a principal point. */
const CALIBRATED: readonly FormatName[] = ["COLMAP, binary", "COLMAP, text", "transforms.json", "OpenSfM"];
const TEXTS: readonly FormatName[] = ["COLMAP, text", "transforms.json"];

const SAME: Outcome = { same: true };

/** Renames the photos. */
function renamed(to: (name: string) => string): (folder: string) => Promise<void> {
  return (folder) => eachPhoto(folder, (path) => Deno.rename(path, join(dirname(path), to(basename(path)))));
}

/** Replaces the photos by others, of the same names unless `name` says another. */
function redrawn(
  draw: (photo: ReturnType<typeof raw>) => ReturnType<typeof raw>,
  name: (name: string) => string = (name) => name,
): (folder: string) => Promise<void> {
  return (folder) =>
    eachPhoto(folder, async (path) => {
      const bytes = await Deno.readFile(path);
      const sharp = await loadSharp();
      const drawn = await draw(sharp(bytes)).toBuffer();
      await Deno.remove(path);
      await Deno.writeFile(join(dirname(path), name(basename(path))), drawn);
    });
}

async function eachPhoto(folder: string, change: (path: string) => Promise<void>): Promise<void> {
  const images = join(folder, "images");
  for (const { name } of [...Deno.readDirSync(images)]) await change(join(images, name));
}

/** Writes a mask for some of the photos. */
function masked(
  value: number,
  file: (photo: string) => string,
  { folder: masks = "masks", most = Infinity }: { folder?: string; most?: number } = {},
): (folder: string) => Promise<void> {
  return async (folder) => {
    await Deno.mkdir(join(folder, masks));
    const { width, height } = SIZE;
    const pixels = pattern(width, height).map((_, i) => i < 3 * width * height / 2 ? value : 0);
    const mask = await raw(pixels, width, height).png().toBuffer();
    let written = 0;
    await eachPhoto(folder, async (path) => {
      if (written++ < most) await Deno.writeFile(join(folder, masks, file(basename(path))), mask);
    });
  };
}

function stem(name: string): string {
  return name.slice(0, -extname(name).length);
}

function moved(offset: number[], factor: number): (content: Content) => Content {
  return ({ shots, positions, ...rest }) => ({
    ...rest,
    positions: positions.map((value, i) => factor * value + offset[i % 3]),
    shots: shots.map((shot) => {
      // t = -R C: the centre C becomes factor C + offset.
      const [w, , y] = shot.quaternion;
      const [cos, sin] = [w * w - y * y, 2 * w * y]; // the rotations are about y
      const [ox, oy, oz] = offset;
      const turned = [cos * ox + sin * oz, oy, -sin * ox + cos * oz];
      const [tx, ty, tz] = shot.translation.map((value, k) => factor * value - turned[k]);
      return { ...shot, translation: [tx, ty, tz] };
    }),
  });
}

function named(to: (name: string) => string): (content: Content) => Content {
  return ({ shots, ...rest }) => ({ ...rest, shots: shots.map((shot): Shot => ({ ...shot, name: to(shot.name) })) });
}

const LAST = "IMG_6.png";
const removeLast = (folder: string): Promise<void> => Deno.remove(join(folder, "images", LAST));

/** All cases. */
export const CASES: readonly Case[] = [
  { input: "nothing odd", happens: "the same cameras, points and pixels in every format", outcome: SAME, formats: ALL },
  {
    input: "photos named .PNG where .png is stated",
    happens: "found, and a line says so",
    outcome: { ...SAME, notice: /\.PNG/ },
    formats: ALL,
    files: renamed((name) => `${stem(name)}.PNG`),
  },
  {
    input: "photos in another file format than stated",
    happens: "found by their names without extension, and a line says so",
    outcome: { ...SAME, notice: /\.webp/ },
    formats: ALL,
    files: redrawn((photo) => photo.webp({ lossless: true }), (name) => `${stem(name)}.webp`),
  },
  {
    input: "names in decomposed Unicode, as macOS writes them",
    happens: "found, and a line says so",
    outcome: SAME,
    formats: ALL,
    files: renamed((name) => name.normalize("NFD")),
  },
  {
    input: "names with percent-escapes",
    happens: "found, and a line says so",
    outcome: { notice: /other names than the capture states/ },
    formats: ["COLMAP, binary", "transforms.json", "OpenSfM"],
    states: named((name) => encodeURIComponent(name).replaceAll("(", "%28").replaceAll(")", "%29")),
  },
  {
    input: "images listed in another order",
    happens: "the same views are held out",
    outcome: SAME,
    formats: ALL,
    states: ({ shots, ...rest }) => ({ ...rest, shots: shots.toReversed() }),
  },
  {
    input: "a photo that is missing",
    happens: "COLMAP: an error with the nearest name; others: left out, and a line says so",
    outcome: (format) =>
      format.startsWith("COLMAP")
        ? { error: /1 of 6 photos (is|are) missing, the first is .*IMG_6\.png/ }
        : { notice: /1 of 6 photos (is|are) missing and left out/, views: 5 },
    formats: ALL,
    files: removeLast,
  },
  {
    input: "a photo that is missing, with --missing skip",
    happens: "left out, and a line says so",
    outcome: { notice: /1 of 6 photos (is|are) missing and left out/, views: 5 },
    formats: ALL,
    files: removeLast,
    options: { missing: "skip" },
  },
  {
    input: "a photo that is missing, with --missing error",
    happens: "an error",
    outcome: { error: /1 of 6 photos (is|are) missing/ },
    formats: ALL,
    files: removeLast,
    options: { missing: "error" },
  },
  {
    input: "a folder named Images",
    happens: "found, and a line says so",
    outcome: { ...SAME, notice: /Images/ },
    formats: ["COLMAP, binary", "COLMAP, text", "OpenSfM", "Bundler"],
    files: (folder) => Deno.rename(join(folder, "images"), join(folder, "Images")),
  },
  {
    input: "photos of 16 bits",
    happens: "read as 8-bit RGB",
    outcome: SAME,
    formats: ["COLMAP, binary", "transforms.json"],
    files: redrawn((photo) => photo.toColourspace("rgb16").png()),
  },
  {
    input: "photos turned by a quarter",
    happens: "an error that mentions rotation",
    outcome: { error: /rotat/i },
    formats: CALIBRATED,
    files: redrawn((photo) => photo.rotate(90)),
  },
  {
    input: "photos at half the stated size",
    happens: "intrinsics are scaled by the real size",
    outcome: { lens: [12, 15] },
    formats: CALIBRATED,
    files: redrawn((photo) => photo.resize(SIZE.width / 2, SIZE.height / 2)),
  },
  {
    input: "a truncated photo",
    happens: "an error that names the file",
    outcome: { error: /IMG_6\.png/ },
    formats: ALL,
    files: async (folder) => {
      const path = join(folder, "images", LAST);
      await Deno.writeFile(path, (await Deno.readFile(path)).subarray(0, 120));
    },
  },
  {
    input: "a principal point outside the photo",
    happens: "an error that states it",
    outcome: { error: /principal point/i },
    formats: CALIBRATED,
    states: ({ lens, ...rest }) => ({ ...rest, lens: { ...lens, cx: 5 * lens.width } }),
  },
  {
    input: "a focal length of a thousand widths",
    happens: "an error that states it",
    outcome: { error: /focal/i },
    formats: ALL,
    states: ({ lens, ...rest }) => ({ ...rest, lens: { ...lens, f: 1000 * lens.width } }),
  },
  {
    input: "coordinates in a national grid",
    happens: "an origin is taken off, and a line says so",
    outcome: { ...SAME, notice: /origin is \(500\d+, 46497\d\d, \d+\)/ },
    formats: ALL,
    states: moved([500_123.5, 4_649_776.25, 245], 1),
  },
  {
    input: "coordinates 5 000 000 units away",
    happens: "an origin is taken off, and a line says so",
    outcome: { ...SAME, notice: /origin is/ },
    formats: ALL,
    states: moved([5e6, 5e6, 5e6], 1),
  },
  {
    input: "a scene a ten-thousandth as large",
    happens: "a power of two is taken off, and a line says so",
    outcome: { ...SAME, notice: /a unit is/ },
    formats: ALL,
    states: moved([0, 0, 0], 1e-4),
  },
  {
    input: "a scene ten thousand times as large",
    happens: "kept as it is",
    outcome: SAME,
    formats: ALL,
    states: moved([0, 0, 0], 1e4),
  },
  {
    input: "a point with NaN coordinates",
    happens: "left out, and a line says so",
    outcome: { notice: /1 of 31 points/ },
    formats: TEXTS,
    states: ({ positions, ...rest }) => ({ ...rest, positions: [...positions, NaN, 0, 0] }),
  },
  {
    input: "no points",
    happens: "random ones, and a line says so",
    outcome: { notice: /no points: training starts from \d+ random ones/ },
    formats: ["COLMAP, binary", "COLMAP, text", "transforms.json", "OpenSfM", "Bundler"],
    states: ({ positions: _, ...rest }) => ({ ...rest, positions: [] }),
  },
  ...[
    (name: string) => name,
    (name: string) => `${name}.png`,
    (name: string) => `${stem(name)}.mask.png`,
    (name: string) => `${stem(name)}_mask.png`,
    (name: string) => `${name}.mask.png`,
  ].map((file): Case => ({
    input: `masks named ${file("x.png")}`,
    happens: "used",
    outcome: { ...SAME, masked: true },
    formats: ["COLMAP, binary", "transforms.json", "OpenSfM"],
    files: masked(255, file),
  })),
  {
    input: "masks in a folder named mask",
    happens: "used",
    outcome: { ...SAME, masked: true },
    formats: ["COLMAP, binary", "transforms.json", "OpenSfM"],
    files: masked(255, (name) => name, { folder: "mask" }),
  },
  {
    input: "masks that fit few photos",
    happens: "a line says so",
    outcome: { notice: /mask/i },
    formats: ["COLMAP, binary", "transforms.json"],
    files: masked(255, (name) => name, { most: 1 }),
  },
  {
    input: "masks that are all black",
    happens: "a line says so",
    outcome: { notice: /black/ },
    formats: ["COLMAP, binary", "transforms.json"],
    files: masked(0, (name) => name),
  },
];
