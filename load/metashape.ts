// Cameras that Metashape exports as XML (File > Export > Export Cameras, "Agisoft XML"). Formulas: Metashape's user
// manual, appendix "Camera models", https://www.agisoft.com/pdf/metashape-pro_2_2_en.pdf.

import { dirname } from "node:path";
import { DataError } from "../base/errors.ts";
import { LONGEST_NUMBER, parseNumber } from "../base/numbers.ts";
import type { Distortion } from "../base/scene.ts";
import { readDataFile, readStart } from "./bytes.ts";
import type { Capture, CaptureReader, ReadOptions } from "./capture.ts";
import { filesWith } from "./files.ts";
import { checkIntrinsics, distortionOf, type Intrinsics } from "./lens.ts";
import { type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { poseFromCameraToWorld } from "./pose.ts";
import { childOf, childrenOf, loadXmlParser, type XmlElement, type XmlParser } from "./xml.ts";

/** Bytes in which the first elements of such a file are. */
const START = 4096;

/** The coefficients of a calibration; those that it does not have are 0. */
const COEFFICIENTS = ["cx", "cy", "b1", "b2", "k1", "k2", "k3", "k4", "p1", "p2", "p3", "p4"] as const;

/** The elements that are read. */
const KNOWN: ReadonlySet<string> = new Set([
  ...["document", "chunk", "sensors", "sensor", "calibration", "resolution", "f", ...COEFFICIENTS],
  ...["components", "component", "transform", "rotation", "translation", "scale", "cameras", "group", "camera"],
]);

/** What the file states. */
export interface Metashape {
  /** The cameras that are aligned and enabled. */
  cameras: NamedCamera[];
  /** What a user should know, one line each. */
  notices: string[];
}

/** Reads such a file, or a folder with one. */
export const metashapeReader: CaptureReader = {
  expects: "an XML file of Metashape's cameras",
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    for (const path of await filesWith(".xml", source)) {
      const start = new TextDecoder().decode(await readStart(path, START));
      if (/<document[\s>]/.test(start) && /<chunk[\s>]/.test(start)) return await readMetashape(path, options);
    }
  },
};

async function readMetashape(path: string, options: ReadOptions): Promise<Capture> {
  const { cameras, notices } = parseMetashape(await readDataFile(path), path, await loadXmlParser());
  const source = dirname(path);
  const photos = await photosInFolder(cameras, { path, source }, options);
  return {
    photos: photos.photos,
    points: undefined,
    fallback: "views",
    ordered: false,
    notices: [...notices, ...photos.notices],
  };
}

/** Parses the bytes of the file with an XML parser; `path` is for error messages. Of several chunks it is the largest. */
export function parseMetashape(bytes: Uint8Array, path: string, parseXml: XmlParser): Metashape {
  const root = parseXml(bytes, path, KNOWN);
  if (root.name !== "document") throw new DataError(`Expected <document>, found <${root.name}>`, { path });
  const chunks = childrenOf(root, "chunk").map((chunk) => ({ chunk, all: camerasIn(childOf(chunk, "cameras")) }));
  const aligned = (cameras: XmlElement[]) => cameras.filter((camera) => isUsed(camera));
  const counts = chunks.map(({ all }) => aligned(all).length);
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  if (most === 0) throw new DataError("No camera is aligned and enabled", { path });
  const { chunk, all } = chunks[counts.indexOf(most)];
  const notices = chunks.length === 1 ? [] : [`Of ${chunks.length} chunks the largest is used, with ${most} cameras`];
  if (most < all.length) {
    notices.push(`${all.length - most} of ${all.length} cameras are not aligned, or disabled, and left out`);
  }
  const lens = sensorsOf(chunk, path);
  const placements = placementsOf(chunk, path);
  const used = inOneFrame(aligned(all), placements);
  const own = parsePlacement(childOf(chunk, "transform"), path);
  const place = (component: string | undefined) => placements.get(component) ?? own;
  return {
    cameras: used.cameras.map((camera) => parseCamera(camera, { lens, place, path })),
    notices: [...notices, ...used.notices],
  };
}

/**
 * The cameras that are in one coordinate system: those of the largest component if there are several, and any has no
 * placement of its own. Components are separate reconstructions, and the chunk's placement is that of only one of them.
 */
function inOneFrame(
  cameras: XmlElement[],
  placements: ReadonlyMap<string | undefined, Placement>,
): { cameras: XmlElement[]; notices: string[] } {
  const components = Map.groupBy(cameras, (camera): string | undefined => camera.attributes.component_id);
  if (components.size === 1 || [...components.keys()].every((id) => placements.has(id))) {
    return { cameras, notices: [] };
  }
  const largest = [...components.values()].reduce((a, b) => b.length > a.length ? b : a);
  const notice = `Of ${components.size} components the largest is used, with ${largest.length} of ${cameras.length} ` +
    "cameras: not all components have a transform";
  return { cameras: largest, notices: [notice] };
}

/** The cameras of an element, those in groups included. */
function camerasIn(parent: XmlElement | undefined): XmlElement[] {
  return parent?.children.flatMap((child) =>
    child.name === "camera" ? [child] : child.name === "group" ? camerasIn(child) : []
  ) ?? [];
}

/** Whether a camera is aligned and enabled. */
function isUsed(camera: XmlElement): boolean {
  return childOf(camera, "transform") !== undefined && !["false", "0"].includes(camera.attributes.enabled);
}

/** From a chunk's coordinates to the world's. */
interface Placement {
  rotation: number[];
  translation: number[];
  scale: number;
}

function parseCamera(
  camera: XmlElement,
  { lens, place, path }: {
    lens: (id: string, line: number) => Intrinsics;
    place: (component: string | undefined) => Placement;
    path: string;
  },
): NamedCamera {
  const { label, sensor_id, component_id } = camera.attributes;
  if (!label) throw new DataError("Camera has no label", { path, line: camera.line });
  const intrinsics = lens(sensor_id, camera.line);
  const m = numbersOf(childOf(camera, "transform")!, 16, path);
  const { rotation: r, translation: t, scale } = place(component_id);
  // Camera to chunk, then chunk to world.
  const row = (i: number, k: number) => r[3 * i] * m[k] + r[3 * i + 1] * m[4 + k] + r[3 * i + 2] * m[8 + k];
  const matrix = [0, 1, 2].map((i) => [row(i, 0), row(i, 1), row(i, 2), scale * row(i, 3) + t[i]]);
  return {
    name: label,
    intrinsics: () => intrinsics,
    stated: { name: `Sensor ${sensor_id}`, path },
    ...poseFromCameraToWorld(matrix, "down", { name: `Transform of ${label}`, path }),
  };
}

/** The placements of a chunk's components that have one, by their ids. */
function placementsOf(chunk: XmlElement, path: string): ReadonlyMap<string | undefined, Placement> {
  const components = childrenOf(childOf(chunk, "components"), "component");
  return new Map(components.flatMap((component): [string | undefined, Placement][] => {
    const transform = childOf(component, "transform");
    return transform === undefined ? [] : [[component.attributes.id, parsePlacement(transform, path)]];
  }));
}

/** Without one, as without any scale or reference, a chunk's coordinates are the world's. */
function parsePlacement(transform: XmlElement | undefined, path: string): Placement {
  const numbers = (name: string, count: number, missing: number[]) => {
    const element = transform && childOf(transform, name);
    return element === undefined ? missing : numbersOf(element, count, path);
  };
  const rotation = numbers("rotation", 9, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const [scale] = numbers("scale", 1, [1]);
  if (!(scale > 0)) throw new DataError(`Scale is ${scale}`, { path, line: transform?.line });
  return { rotation, translation: numbers("translation", 3, [0, 0, 0]), scale };
}

/** The intrinsics of a chunk's sensors by id, each read when a camera needs it. */
function sensorsOf(chunk: XmlElement, path: string): (id: string, line: number) => Intrinsics {
  const sensors = new Map(
    childrenOf(childOf(chunk, "sensors"), "sensor").map((sensor) => [sensor.attributes.id, sensor]),
  );
  const known = new Map<string, Intrinsics>();
  return (id, line) => {
    const sensor = sensors.get(id);
    if (sensor === undefined) throw new DataError(`Camera is of sensor ${id}, which does not exist`, { path, line });
    const intrinsics = known.get(id) ?? parseSensor(sensor, path);
    known.set(id, intrinsics);
    return intrinsics;
  };
}

function parseSensor(sensor: XmlElement, path: string): Intrinsics {
  const name = `Sensor ${sensor.attributes.id}`;
  const calibrations = childrenOf(sensor, "calibration");
  const calibration = calibrations.find(({ attributes }) => attributes.class === "adjusted") ?? calibrations[0];
  if (calibration === undefined) throw new DataError(`${name} has no calibration`, { path, line: sensor.line });
  const { line } = calibration;
  const resolution = childOf(calibration, "resolution") ?? childOf(sensor, "resolution");
  const [width, height] = ["width", "height"].map((side) => Number(resolution?.attributes[side]));
  if (![width, height].every((side) => Number.isSafeInteger(side) && side >= 1)) {
    throw new DataError(`${name} is ${width} x ${height} pixels`, { path, line });
  }
  const f = childOf(calibration, "f");
  if (f === undefined) throw new DataError(`Calibration of ${name} has no f`, { path, line });
  const [focal] = numbersOf(f, 1, path);
  const k = Object.fromEntries(COEFFICIENTS.map((key) => {
    const element = childOf(calibration, key);
    return [key, element === undefined ? 0 : numbersOf(element, 1, path)[0]];
  })) as Record<typeof COEFFICIENTS[number], number>;
  const type = calibration.attributes.type ?? sensor.attributes.type ?? "frame";
  const intrinsics = {
    width,
    height,
    fx: focal + k.b1,
    fy: focal,
    cx: width / 2 + k.cx,
    cy: height / 2 + k.cy,
    distortion: distortion(type, { ...k, skew: k.b2 / (focal + k.b1) }, { name, path, line }),
  };
  checkIntrinsics(intrinsics, { name, path });
  return intrinsics;
}

/** The tangential coefficients are OpenCV's in the other order; `skew` is b2 in focal lengths. */
function distortion(
  type: string,
  { k1, k2, k3, k4, p1, p2, p3, p4, skew }: Record<typeof COEFFICIENTS[number] | "skew", number>,
  { name, path, line }: { name: string; path: string; line: number },
): Distortion | undefined {
  const isFrame = type === "frame";
  const isFisheye = type === "fisheye" || type === "equidistant_fisheye";
  const others = Object.entries({ p3, p4, ...(isFrame ? {} : { b2: skew }) }).filter(([, value]) => value !== 0);
  if (others.length > 0 || !(isFrame || isFisheye)) {
    const what = isFrame || isFisheye ? others.map(([key]) => key).join(", ") : `the type ${type.slice(0, 40)}`;
    const advice = "optimise the cameras without it, or export undistorted photos with their cameras";
    throw new DataError(`${name} has ${what}, which is not supported: ${advice}`, { path, line });
  }
  if (isFisheye) return { model: "fisheye", coefficients: [k1, k2, p2, p1, k3, k4] };
  const isBrown = k4 === 0 && skew === 0;
  return isBrown
    ? distortionOf("brown", [k1, k2, p2, p1, k3])
    : { model: "polynomial", coefficients: [k1, k2, p2, p1, k3, k4, skew] };
}

function numbersOf(element: XmlElement, count: number, path: string): number[] {
  const words = element.text.trim().split(/\s+/, count + 1);
  const numbers = words.map((word) => word.length > LONGEST_NUMBER ? undefined : parseNumber(word));
  if (numbers.length === count && numbers.every((value) => value !== undefined && Number.isFinite(value))) {
    return numbers as number[];
  }
  const what = count === 1 ? "a number" : `${count} numbers`;
  throw new DataError(`<${element.name}> is not ${what}`, { path, line: element.line });
}
