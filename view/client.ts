// One open page: what it wants to see, and what is under way to it. A page that does not keep up loses frames; one that
// takes nothing, or sends what no page sends, loses its connection.

import { parseClientMessage } from "./messages.ts";
import type { ClientMessage, FrameMode, PageCamera, ServerMessage } from "./protocol.ts";

/** Frames on the way to a page: one is drawn while the next is rendered. */
const MOST_FRAMES = 2;

/** Bytes that may wait for a page: about a minute of events, or a few large frames. */
const MOST_WAITING = 8 * 2 ** 20;

/** Bytes that may wait when a frame is due: less than one frame, so that frames do not queue. */
const MOST_BEFORE_FRAME = 64 * 2 ** 10;

/** Messages that a page may send in a burst; a page sends one for each frame of the screen. */
const BURST = 240;

/** Messages a second that it may send for long. */
const PER_SECOND = 120;

/** Close codes of WebSockets (RFC 6455, section 7.4.1). */
const CLOSE = { normal: 1000, policy: 1008, tooBig: 1009 } as const;

/** What a page shows. */
export interface Wish {
  camera: PageCamera;
  mode: FrameMode;
  moving: boolean;
}

/** The part of a WebSocket that a client uses. */
export interface Socket {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** Where a page's messages go. */
export interface ClientHandler {
  /** A checked message that is not about frames. */
  message(client: Client, message: Exclude<ClientMessage, { type: "look" | "hide" | "shown" }>): void;
  /** A frame may be due now. */
  wake(): void;
  /** The connection is to be closed. */
  dropped(client: Client, reason: string): void;
}

/** An open page. */
export class Client {
  /** What the page shows; undefined while nobody looks. */
  wish: Wish | undefined;
  /** Counts the wishes. */
  wishes = 0;
  /** The wish that was last rendered, how it was, and when the next frame is due if the camera rests. */
  rendered = { wish: 0, refined: false, iteration: -1, next: 0, at: 0 };

  readonly #socket: Socket;
  readonly #handler: ClientHandler;
  readonly #now: () => number;
  #frames = 0;
  #acknowledged = 0;
  #allowance = BURST;
  #counted: number;
  #closed = false;

  constructor(socket: Socket, handler: ClientHandler, now: () => number = () => performance.now()) {
    this.#socket = socket;
    this.#handler = handler;
    this.#now = now;
    this.#counted = now();
  }

  /** Whether the connection is closed, or about to be. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a frame that is rendered now would be drawn soon. */
  get ready(): boolean {
    return !this.#closed && this.wish !== undefined && this.#frames - this.#acknowledged < MOST_FRAMES &&
      this.#socket.bufferedAmount <= MOST_BEFORE_FRAME;
  }

  /** Takes a message as it came. */
  receive(data: unknown): void {
    if (this.#closed) return;
    if (!this.#allow()) return this.#drop(CLOSE.policy, "too many messages");
    if (typeof data !== "string") return this.#drop(CLOSE.policy, "a message that is not text");
    let message: ClientMessage;
    try {
      message = parseClientMessage(data);
    } catch (error) {
      const reason = (error as Error).message;
      return this.#drop(reason.startsWith("more than") ? CLOSE.tooBig : CLOSE.policy, `a message with ${reason}`);
    }
    switch (message.type) {
      case "look": {
        const { camera, mode, moving } = message;
        this.wish = { camera, mode, moving };
        this.wishes++;
        return this.#handler.wake();
      }
      case "hide":
        this.wish = undefined;
        return;
      case "shown":
        // Only what was sent can be acknowledged.
        this.#acknowledged = Math.min(this.#frames, Math.max(this.#acknowledged, message.frame));
        return this.#handler.wake();
      default:
        this.#handler.message(this, message);
    }
  }

  /** Sends a message as JSON, unless too much is waiting. */
  send(message: ServerMessage): void {
    this.#transmit(JSON.stringify(message));
  }

  /** Number of the next frame, which counts as on its way from now on. */
  beginFrame(): number {
    return ++this.#frames;
  }

  /** A frame that was begun will not come. */
  cancelFrame(frame: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, frame);
  }

  /** Sends a binary message. */
  sendBinary(message: Uint8Array<ArrayBuffer>): void {
    this.#transmit(message);
  }

  /** Closes the connection when what is waiting has been sent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close(CLOSE.normal);
  }

  /** The connection is gone. */
  lost(): void {
    this.#closed = true;
    this.wish = undefined;
  }

  /** Bytes that wait for the page. */
  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  #transmit(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount > MOST_WAITING) return this.#drop(CLOSE.policy, "too much waits to be read");
    try {
      this.#socket.send(data);
    } catch {
      this.lost(); // closing already
    }
  }

  #drop(code: number, reason: string): void {
    this.lost();
    this.#socket.close(code, reason);
    this.#handler.dropped(this, reason);
  }

  /** Token bucket. */
  #allow(): boolean {
    const now = this.#now();
    this.#allowance = Math.min(BURST, this.#allowance + (now - this.#counted) / 1000 * PER_SECOND);
    this.#counted = now;
    this.#allowance -= 1;
    return this.#allowance >= 0;
  }
}
