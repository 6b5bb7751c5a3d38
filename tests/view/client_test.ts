// One page's queue: frames wait for the page, events do not wait for ever, and misbehaviour ends the connection.
import { assert, assertEquals } from "@std/assert";
import { Client } from "../../view/client.ts";
import { MOST_CHARACTERS } from "../../view/messages.ts";
import type { ServerMessage } from "../../view/protocol.ts";
import { lookMessage } from "./pages.ts";

const EVENT: ServerMessage = { type: "log", entry: { iteration: 1, kind: "save", text: "Saved" } };

/** A client with a socket that takes nothing of what it is given beyond `bufferedAmount`. */
function pretend() {
  const clock = { now: 0 };
  const socket = {
    bufferedAmount: 0,
    sent: [] as (string | Uint8Array<ArrayBuffer>)[],
    closed: [] as [number | undefined, string | undefined][],
    send: (data: string | Uint8Array<ArrayBuffer>) => void socket.sent.push(data),
    close: (code?: number, reason?: string) => void socket.closed.push([code, reason]),
  };
  const calls: string[] = [];
  const client = new Client(socket, {
    message: (_, message) => void calls.push(message.type === "control" ? message.action : message.type),
    wake: () => void calls.push("wake"),
    dropped: (_, reason) => void calls.push(`dropped: ${reason}`),
  }, () => clock.now);
  return { client, socket, calls, clock };
}

Deno.test("a page that does not draw its frames gets no more than two", () => {
  const { client } = pretend();
  assert(!client.ready, "it looks at nothing yet");
  client.receive(JSON.stringify(lookMessage()));
  const frames = [client.ready, client.beginFrame(), client.ready, client.beginFrame(), client.ready];
  assertEquals(frames, [true, 1, true, 2, false]);
  client.receive('{"type":"shown","frame":1}');
  assert(client.ready);
  client.beginFrame();
  client.receive('{"type":"shown","frame":1000}'); // counts as all of those that were sent
  client.beginFrame();
  client.beginFrame();
  assert(!client.ready);
  client.receive('{"type":"hide"}');
  assertEquals(client.wish, undefined);
});

Deno.test("a page with bytes on the way gets events, but no frame", () => {
  const { client, socket } = pretend();
  client.receive(JSON.stringify(lookMessage()));
  socket.bufferedAmount = 100_000;
  assert(!client.ready);
  client.send(EVENT);
  assertEquals(socket.sent, [JSON.stringify(EVENT)]);
});

Deno.test("a page that takes nothing is dropped before it fills the memory", () => {
  const { client, socket, calls } = pretend();
  socket.bufferedAmount = 9 * 2 ** 20;
  client.send(EVENT);
  assertEquals(socket.sent, []);
  assertEquals([client.closed, socket.closed.length, calls], [true, 1, ["dropped: too much waits to be read"]]);
  client.send(EVENT);
  client.receive('{"type":"centres"}');
  assertEquals([socket.sent, calls.length], [[], 1]);
});

Deno.test("malformed, binary and oversized messages end the connection with a reason", () => {
  for (
    const [data, code, reason] of [
      ["{", 1008, "a message with no JSON"],
      [new ArrayBuffer(8), 1008, "a message that is not text"],
      ['{"type":"control","action":"exit"}', 1008, "a message with action that is none of"],
      ["x".repeat(MOST_CHARACTERS + 1), 1009, "a message with more than 4096 characters"],
    ] as const
  ) {
    const { client, socket, calls } = pretend();
    client.receive(data);
    assertEquals(socket.closed[0][0], code);
    assert(socket.closed[0][1]!.startsWith(reason), socket.closed[0][1]);
    assert(calls[0].startsWith(`dropped: ${reason}`), calls[0]);
    assert(client.closed);
  }
});

Deno.test("120 messages a second are accepted for long, a flood is not", () => {
  const { client, calls, clock } = pretend();
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 120; i++) client.receive('{"type":"hide"}');
    clock.now += 1000;
  }
  assert(!client.closed);
  for (let i = 0; i < 500; i++) client.receive('{"type":"hide"}');
  assertEquals([client.closed, calls], [true, ["dropped: too many messages"]]);
});

Deno.test("buttons reach the run", () => {
  const { client, calls } = pretend();
  for (const action of ["pause", "resume"]) client.receive(JSON.stringify({ type: "control", action }));
  client.receive('{"type":"centres"}');
  assertEquals(calls, ["pause", "resume", "centres"]);
});
