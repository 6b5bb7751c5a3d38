// COLMAP's files of rigs and frames, as its documentation lays them out, for tests.

/** A pose as the files have it: a quaternion (w, x, y, z) and a translation. */
export type Numbers = [qw: number, qx: number, qy: number, qz: number, x: number, y: number, z: number];

/** A rig: its sensors, of which the first is the reference; other sensors may have no pose. */
export interface RigEntry {
  id: number;
  sensors: { type: number; id: number; pose?: Numbers }[];
}

/** A frame of a rig. */
export interface FrameEntry {
  id: number;
  rigId: number;
  pose: Numbers;
  data: { type: number; sensor: number; id: number }[];
}

const TYPES = ["CAMERA", "IMU"];

/** The bytes of a rigs.bin. */
export function encodeRigs(rigs: RigEntry[]): Uint8Array {
  return packed((put) => {
    put("u64", rigs.length);
    for (const { id, sensors } of rigs) {
      put("u32", id, sensors.length);
      sensors.forEach(({ type, id, pose }, i) => {
        put("u32", type, id);
        if (i > 0) put("u8", pose === undefined ? 0 : 1);
        if (i > 0 && pose !== undefined) put("f64", ...pose);
      });
    }
  });
}

/** The bytes of a frames.bin. */
export function encodeFrames(frames: FrameEntry[]): Uint8Array {
  return packed((put) => {
    put("u64", frames.length);
    for (const { id, rigId, pose, data } of frames) {
      put("u32", id, rigId);
      put("f64", ...pose);
      put("u32", data.length);
      for (const { type, sensor, id } of data) {
        put("u32", type, sensor);
        put("u64", id);
      }
    }
  });
}

/** The text of a rigs.txt. */
export function rigsText(rigs: RigEntry[]): string {
  const lines = rigs.map(({ id, sensors }) => {
    const others = sensors.map(({ type, id, pose }, i) =>
      [TYPES[type], id, ...(i === 0 ? [] : pose === undefined ? [0] : [1, ...pose])].join(" ")
    );
    return [id, sensors.length, ...others].join(" ");
  });
  return `# Rig calib list with one line of data per calib:\n${lines.join("\n")}\n`;
}

/** The text of a frames.txt. */
export function framesText(frames: FrameEntry[]): string {
  const lines = frames.map(({ id, rigId, pose, data }) =>
    [id, rigId, ...pose, data.length, ...data.flatMap(({ type, sensor, id }) => [TYPES[type], sensor, id])].join(" ")
  );
  return `# Frame list with one line of data per frame:\n${lines.join("\n")}\n`;
}

type Put = (type: "u8" | "u32" | "u64" | "f64", ...values: number[]) => void;

/** Little-endian bytes of numbers. */
function packed(write: (put: Put) => void): Uint8Array {
  const bytes: number[] = [];
  const view = new DataView(new ArrayBuffer(8));
  write((type, ...values) => {
    for (const value of values) {
      const length = type === "u8" ? 1 : type === "u32" ? 4 : 8;
      if (type === "u8") view.setUint8(0, value);
      else if (type === "u32") view.setUint32(0, value, true);
      else if (type === "u64") view.setBigUint64(0, BigInt(value), true);
      else view.setFloat64(0, value, true);
      bytes.push(...new Uint8Array(view.buffer, 0, length));
    }
  });
  return Uint8Array.from(bytes);
}
