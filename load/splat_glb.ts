// Gaussians in a binary glTF file (glTF 2.0) with the extension KHR_gaussian_splatting: the first primitive that has it.

import { DataError } from "../base/errors.ts";
import type { PlySplats } from "../base/scene.ts";
import { ByteReader } from "./bytes.ts";
import { type Check, type Checked, COUNT, list, object, optional, table, TEXT } from "./checks.ts";
import { parseJsonObject } from "./json.ts";

const EXTENSION = "KHR_gaussian_splatting";

/** Chunk types (glTF 2.0, section 4.4.3). */
const JSON_CHUNK = 0x4e4f534a;
const BIN_CHUNK = 0x004e4942;

const FLOAT = 5126;

const WIDTHS: Record<string, number> = { SCALAR: 1, VEC3: 3, VEC4: 4 };

const ADVICE = "write it again";

const ANYTHING: Check<unknown> = (value) => value;

const GLTF = object({
  meshes: list(object({
    primitives: list(object({ attributes: table(COUNT), extensions: optional(table(ANYTHING)) })),
  })),
  accessors: list(object({
    bufferView: COUNT,
    byteOffset: optional(COUNT),
    componentType: COUNT,
    count: COUNT,
    type: TEXT,
  })),
  bufferViews: list(object({ byteOffset: optional(COUNT), byteLength: COUNT, byteStride: optional(COUNT) })),
});

/**
 * Parses such a file, whose y axis points up, to the axes of a PLY, whose y axis points down: both turned by 180° about
 * z. Transforms of nodes are not applied. `path` is for error messages.
 *
 * @internal
 * @throws {DataError} When the file is damaged, has no Gaussians, or stores them in other types than float
 */
export function parseSplatGlb(bytes: Uint8Array, path: string): PlySplats {
  const { json, binary } = glbChunks(bytes, path);
  const gltf = GLTF(parseJsonObject(json, path), { path, field: "", advice: ADVICE });
  const primitives = gltf.meshes.flatMap((mesh) => mesh.primitives);
  const attributes = primitives.find(({ extensions }) => extensions !== undefined && EXTENSION in extensions)
    ?.attributes;
  if (attributes === undefined) throw new DataError(`No primitive has the extension ${EXTENSION}`, { path });
  const read = (name: string, width: number): Float32Array => {
    const index = attributes[name];
    if (index === undefined) throw new DataError(`There is no attribute ${name}`, { path });
    return accessorFloats({ gltf, binary, path }, { index, name, width });
  };

  const means = read("POSITION", 3);
  const count = means.length / 3;
  const degrees = [3, 2, 1, 0];
  const shDegree = degrees.find((l) => `${EXTENSION}:SH_DEGREE_${l}_COEF_0` in attributes) ?? 0;
  const splats: PlySplats = {
    count,
    means,
    logScales: read(`${EXTENSION}:SCALE`, 3).map(Math.log),
    quats: read(`${EXTENSION}:ROTATION`, 4),
    opacities: read(`${EXTENSION}:OPACITY`, 1).map((opacity) => Math.log(opacity / (1 - opacity))),
    sh: new Float32Array(3 * (shDegree + 1) ** 2 * count),
    shDegree,
    comments: [],
  };
  for (let degree = 0; degree <= shDegree; degree++) {
    for (let order = 0; order <= 2 * degree; order++) {
      const values = read(`${EXTENSION}:SH_DEGREE_${degree}_COEF_${order}`, 3);
      // Turned by 180° about z, a harmonic of odd order m = order − degree changes its sign.
      const sign = (order - degree) % 2 === 0 ? 1 : -1;
      const first = 3 * (degree ** 2 + order);
      const width = splats.sh.length / count;
      values.forEach((value, i) => splats.sh[Math.floor(i / 3) * width + first + i % 3] = sign * value);
    }
  }
  const lengths = [splats.logScales.length / 3, splats.quats.length / 4, splats.opacities.length];
  if (lengths.some((length) => length !== count)) throw new DataError("Attributes differ in their counts", { path });
  turnAboutZ(splats);
  return splats;
}

/** Turns positions, and quaternions that are stored as (x, y, z, w), by 180° about z; these become (w, x, y, z). */
function turnAboutZ({ count, means, quats }: PlySplats): void {
  for (let i = 0; i < count; i++) {
    means[3 * i] *= -1;
    means[3 * i + 1] *= -1;
    const [x, y, z, w] = quats.subarray(4 * i, 4 * i + 4);
    quats.set([-z, -y, x, w], 4 * i); // the product of (0, 0, 0, 1) and (w, x, y, z)
  }
}

/** The JSON and the binary chunk. */
function glbChunks(bytes: Uint8Array, path: string): { json: Uint8Array; binary: Uint8Array } {
  const reader = new ByteReader(bytes, path);
  reader.skip(4, "the mark");
  const version = reader.u32("the version");
  if (version !== 2) throw new DataError(`glTF has the version ${version}, expected 2`, { path, offset: 4 });
  reader.skip(4, "the length");
  const chunks = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const length = reader.u32("the length of a chunk");
    const type = reader.u32("the type of a chunk");
    chunks.set(type, reader.bytes(length, "a chunk"));
  }
  const json = chunks.get(JSON_CHUNK);
  const binary = chunks.get(BIN_CHUNK);
  if (json === undefined || binary === undefined) throw new DataError("File has no JSON or no binary chunk", { path });
  return { json, binary };
}

/** The values of an accessor, checked against the binary chunk. */
function accessorFloats(
  { gltf, binary, path }: { gltf: Checked<typeof GLTF>; binary: Uint8Array; path: string },
  { index, name, width }: { index: number; name: string; width: number },
): Float32Array {
  const accessor = gltf.accessors[index];
  const view = accessor && gltf.bufferViews[accessor.bufferView];
  if (view === undefined) throw new DataError(`Attribute ${name} has no accessor or no buffer view`, { path });
  const { count, componentType, type } = accessor;
  if (componentType !== FLOAT || WIDTHS[type] !== width) {
    throw new DataError(`Attribute ${name} is ${type} of component type ${componentType}: expected floats`, { path });
  }
  const stride = view.byteStride ?? 4 * width;
  const start = (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
  if (stride < 4 * width || (count > 0 && start + (count - 1) * stride + 4 * width > binary.length)) {
    throw new DataError(`Attribute ${name} is not inside the binary chunk`, { path });
  }
  const data = new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  const values = new Float32Array(width * count);
  for (let i = 0; i < values.length; i++) {
    values[i] = data.getFloat32(start + Math.floor(i / width) * stride + 4 * (i % width), true);
  }
  return values;
}
