// Pages without a browser: what a page sends, and a WebSocket that takes what it gets.

import type { BinaryHeader, ClientMessage, ServerMessage } from "../../view/protocol.ts";

type Look = Extract<ClientMessage, { type: "look" }>;

/** Milliseconds after which what is waited for will not come: a failure, on any machine. */
const PATIENCE_MS = 60_000;

/** What a page sends to see a camera on the z axis of the synthetic scene. */
export function lookMessage(options: { moving?: boolean; mode?: Look["mode"]; z?: number } = {}): Look {
  const { moving = false, mode = "color", z = 4 } = options;
  return {
    type: "look",
    camera: {
      ...{ width: 96, height: 64, fx: 90, fy: 90, cx: 48, cy: 32 },
      rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      translation: [0, 0, z],
    },
    mode,
    moving,
  };
}

/** A page that collects what comes, and tells when something has come. */
export class FakePage implements AsyncDisposable {
  readonly messages: ServerMessage[] = [];
  readonly binaries: { header: BinaryHeader; payload: Uint8Array }[] = [];
  /** How the connection was closed. */
  closed: { code: number; reason: string } | undefined;
  /** Whether it acknowledges frames, as a page does when it has drawn them. */
  acknowledges = true;

  readonly #socket: WebSocket;
  readonly #listeners = new Set<() => void>();

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(socketUrl(url), { headers });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#take(data));
    this.#socket.addEventListener("error", (event) => event.preventDefault());
    this.#socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#changed();
    });
  }

  /** Opens a page, and waits for its first message. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<FakePage> {
    const page = new FakePage(url, headers);
    await page.until(() => page.messages.length > 0 || page.closed !== undefined);
    return page;
  }

  send(message: ClientMessage | string | Uint8Array<ArrayBuffer>): void {
    const raw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(raw ? message : JSON.stringify(message));
  }

  /** Waits until something holds, which has to be soon. */
  async until(holds: () => boolean): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`In vain: ${holds}`)), PATIENCE_MS);
    try {
      while (!holds()) await Promise.race([late, new Promise<void>((resolve) => this.#listeners.add(resolve))]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for a message of a type after the first `from`. */
  async message<T extends ServerMessage["type"]>(type: T, from = 0): Promise<Extract<ServerMessage, { type: T }>> {
    const find = () => this.messages.slice(from).find((message) => message.type === type);
    await this.until(() => find() !== undefined);
    return find() as Extract<ServerMessage, { type: T }>;
  }

  /** Waits for a frame that fits after the first `from` binary messages. */
  async frame(
    fits: (header: Extract<BinaryHeader, { type: "frame" }>) => boolean = () => true,
    from = 0,
  ): Promise<{ header: Extract<BinaryHeader, { type: "frame" }>; payload: Uint8Array }> {
    const find = () => this.binaries.slice(from).find(({ header }) => header.type === "frame" && fits(header));
    await this.until(() => find() !== undefined);
    return find() as Awaited<ReturnType<FakePage["frame"]>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed !== undefined) return;
    this.#socket.close();
    await this.until(() => this.closed !== undefined);
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data === "string") this.messages.push(JSON.parse(data));
    else {
      const length = new DataView(data).getUint32(0, true);
      const header: BinaryHeader = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      this.binaries.push({ header, payload: new Uint8Array(data, Math.ceil((4 + length) / 4) * 4) });
      if (header.type === "frame" && this.acknowledges) this.send({ type: "shown", frame: header.frame });
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/** The WebSocket of a server, with the query of its URL. */
function socketUrl(url: string): string {
  const socket = new URL(url);
  socket.protocol = "ws:";
  socket.pathname = "/socket";
  return socket.href;
}
