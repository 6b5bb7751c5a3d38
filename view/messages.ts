// Reads and writes the messages of protocol.ts. What clients send is not trusted.

import type { BinaryHeader, ClientMessage, FrameMode, PageCamera, RunAction } from "./protocol.ts";

/** Characters of the longest message that a client may send: a `look` has about 600. */
export const MOST_CHARACTERS = 4096;

/** Largest width and height of a frame in pixels. */
export const MOST_PIXELS_ACROSS = 4096;

const MODES: readonly string[] = ["color", "depth", "opacity"] satisfies FrameMode[];
const ACTIONS: readonly string[] = ["pause", "resume", "stop", "save", "evaluate"] satisfies RunAction[];

/** How far the rows of a rotation may be from unit length and right angles: JSON keeps all digits, floats do not. */
const ROTATION_TOLERANCE = 1e-3;

/**
 * The message in a text from a client.
 *
 * @param text JSON
 * @returns The message, without anything that it should not have
 * @throws {TypeError} When it is none of {@linkcode ClientMessage}; the message says why
 */
export function parseClientMessage(text: string): ClientMessage {
  if (text.length > MOST_CHARACTERS) throw new TypeError(`more than ${MOST_CHARACTERS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError("no JSON");
  }
  if (!isRecord(value)) throw new TypeError("no object");
  switch (value.type) {
    case "look":
      return {
        type: "look",
        camera: cameraOf(value.camera),
        mode: oneOf<FrameMode>("mode", value.mode, MODES),
        moving: value.moving === true,
      };
    case "shown":
      return { type: "shown", frame: number("frame", value.frame) };
    case "control":
      return { type: "control", action: oneOf<RunAction>("action", value.action, ACTIONS) };
    case "hide":
    case "centres":
      return { type: value.type };
    default:
      throw new TypeError("an unknown type");
  }
}

function cameraOf(value: unknown): PageCamera {
  if (!isRecord(value)) throw new TypeError("no camera");
  const camera = {
    width: size("width", value.width),
    height: size("height", value.height),
    fx: positive("fx", value.fx),
    fy: positive("fy", value.fy),
    cx: number("cx", value.cx),
    cy: number("cy", value.cy),
    rotation: numbers("rotation", value.rotation, 9),
    translation: numbers("translation", value.translation, 3),
  };
  if (!isRotation(camera.rotation)) throw new TypeError("a rotation whose rows are not orthonormal");
  return camera;
}

/** Whether the rows of a matrix are of unit length and at right angles, and it is no reflection. */
function isRotation(m: readonly number[]): boolean {
  const row = (i: number): number[] => m.slice(3 * i, 3 * i + 3);
  const dot = (a: number[], b: number[]): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const [x, y, z] = [row(0), row(1), row(2)];
  const errors = [dot(x, x) - 1, dot(y, y) - 1, dot(z, z) - 1, dot(x, y), dot(y, z), dot(z, x)];
  const across = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  return errors.every((error) => Math.abs(error) < ROTATION_TOLERANCE) && dot(across, z) > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError(`${name} that is no number`);
  return value;
}

function positive(name: string, value: unknown): number {
  if (number(name, value) <= 0) throw new TypeError(`${name} that is not greater than 0`);
  return value as number;
}

function size(name: string, value: unknown): number {
  const pixels = number(name, value);
  if (Number.isInteger(pixels) && pixels >= 1 && pixels <= MOST_PIXELS_ACROSS) return pixels;
  throw new TypeError(`${name} that is not from 1 to ${MOST_PIXELS_ACROSS}`);
}

function numbers(name: string, value: unknown, length: number): number[] {
  if (!Array.isArray(value) || value.length !== length) throw new TypeError(`${name} without ${length} numbers`);
  return value.map((item) => number(name, item));
}

function oneOf<T extends string>(name: string, value: unknown, choices: readonly string[]): T {
  if (typeof value === "string" && choices.includes(value)) return value as T;
  throw new TypeError(`${name} that is none of ${choices.join(", ")}`);
}

/**
 * A binary message: the length of the header as a 32-bit little-endian integer, the header as JSON, zeros up to a
 * multiple of 4 bytes, the payload.
 */
export function binaryMessage(header: BinaryHeader, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((4 + json.length) / 4) * 4;
  const message = new Uint8Array(start + payload.length);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, 4);
  message.set(payload, start);
  return message;
}
