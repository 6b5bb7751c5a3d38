// What clients send is checked before anything else sees it.
import { assertEquals, assertThrows } from "@std/assert";
import { binaryMessage, MOST_CHARACTERS, MOST_PIXELS_ACROSS, parseClientMessage } from "../../view/messages.ts";
import { lookMessage } from "./pages.ts";

Deno.test("parseClientMessage() returns each message with nothing added", () => {
  const look = lookMessage();
  const extended = { ...look, camera: { ...look.camera, near: 0 }, hidden: "field" };
  assertEquals(parseClientMessage(JSON.stringify(extended)), look);
  for (const message of [{ type: "hide" }, { type: "centres" }, { type: "shown", frame: 3 }]) {
    assertEquals(parseClientMessage(JSON.stringify({ ...message, more: 1 })) as unknown, message);
  }
  for (const action of ["pause", "resume", "stop", "save", "evaluate"]) {
    const message = { type: "control", action };
    assertEquals(parseClientMessage(JSON.stringify(message)) as unknown, message);
  }
});

const CAMERA = lookMessage().camera;
const WRONG: Record<string, [unknown, string]> = {
  "an array": [[], "no object"],
  "null": [null, "no object"],
  "no type": [{}, "an unknown type"],
  "a type of the server": [{ type: "hello" }, "an unknown type"],
  "a name of Object": [{ type: "constructor" }, "an unknown type"],
  "an action that is none": [{ type: "control", action: "delete" }, "action that is none of"],
  "a frame that is no number": [{ type: "shown", frame: "1" }, "frame that is no number"],
  "a mode that is none": [{ ...lookMessage(), mode: "normal" }, "mode that is none of"],
  "no camera": [{ ...lookMessage(), camera: undefined }, "no camera"],
  "a width of 0": [{ ...lookMessage(), camera: { ...CAMERA, width: 0 } }, "width that is not from 1"],
  "half a pixel": [{ ...lookMessage(), camera: { ...CAMERA, height: 0.5 } }, "height that is not from 1"],
  "a size without end": [
    { ...lookMessage(), camera: { ...CAMERA, width: MOST_PIXELS_ACROSS + 1 } },
    `width that is not from 1 to ${MOST_PIXELS_ACROSS}`,
  ],
  "a negative focal length": [{ ...lookMessage(), camera: { ...CAMERA, fx: -1 } }, "fx that is not greater"],
  "a number that JSON cannot have": [{ ...lookMessage(), camera: { ...CAMERA, cx: NaN } }, "cx that is no number"],
  "eight numbers": [{ ...lookMessage(), camera: { ...CAMERA, rotation: new Array(8).fill(1) } }, "without 9 numbers"],
  "a stretched rotation": [
    { ...lookMessage(), camera: { ...CAMERA, rotation: [2, 0, 0, 0, 1, 0, 0, 0, 1] } },
    "not orthonormal",
  ],
  "a reflection": [
    { ...lookMessage(), camera: { ...CAMERA, rotation: [-1, 0, 0, 0, 1, 0, 0, 0, 1] } },
    "not orthonormal",
  ],
};

for (const [what, [message, words]] of Object.entries(WRONG)) {
  Deno.test(`parseClientMessage() rejects ${what}`, () => {
    assertThrows(() => parseClientMessage(JSON.stringify(message)), TypeError, words);
  });
}

Deno.test("parseClientMessage() rejects text that is no JSON, or too long", () => {
  assertThrows(() => parseClientMessage("look"), TypeError, "no JSON");
  const long = `{"type":"hide"}${" ".repeat(MOST_CHARACTERS)}`;
  assertThrows(() => parseClientMessage(long), TypeError, "more than");
});

Deno.test("binaryMessage() has the header, and the payload at a multiple of 4 bytes", () => {
  for (const iteration of [1, 12, 123, 1234]) {
    const message = binaryMessage({ type: "thumbnail", view: 0, iteration }, new Uint8Array([7, 8, 9]));
    const length = new DataView(message.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(message.subarray(4, 4 + length)));
    assertEquals(header, { type: "thumbnail", view: 0, iteration });
    assertEquals((message.length - 3) % 4, 0);
    assertEquals([...message.subarray(message.length - 3)], [7, 8, 9]);
  }
});
