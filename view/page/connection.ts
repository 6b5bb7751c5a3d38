// The WebSocket to the run: opened again when it is lost, closed for good when the run ends.

import type { BinaryHeader, ClientMessage, ServerMessage } from "../protocol.ts";
import { resource } from "./resource.ts";

/** Milliseconds before the first attempt to connect again, and the longest. */
const RETRY_MS = { first: 500, most: 8000 };

/** Close code of a server that has nothing more to say (RFC 6455). */
const NORMAL = 1000;

/** What the page does with what comes. */
export interface Listener {
  message(message: ServerMessage): void;
  binary(header: BinaryHeader, payload: Uint8Array<ArrayBuffer>): void;
  /** The connection was lost; `reason` may be empty. It is tried again. */
  lost(reason: string): void;
}

/** The connection to the run. */
export class Connection {
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  #retry = RETRY_MS.first;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#open();
  }

  /** Sends a message; it is lost while there is no connection. */
  send(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open(): void {
    const socket = new WebSocket(resource("/socket"));
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#retry = RETRY_MS.first);
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#listener.message(JSON.parse(data));
      else this.#binary(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (code === NORMAL) return;
      this.#listener.lost(reason);
      setTimeout(() => this.#open(), this.#retry);
      this.#retry = Math.min(RETRY_MS.most, 2 * this.#retry);
    });
  }

  /** See `binaryMessage` in messages.ts. */
  #binary(data: ArrayBuffer): void {
    const length = new DataView(data).getUint32(0, true);
    const header: BinaryHeader = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.#listener.binary(header, new Uint8Array(data, Math.ceil((4 + length) / 4) * 4));
  }
}
