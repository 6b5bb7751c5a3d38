// The viewer's server: the page, the capture's data, and a WebSocket for each page, over Deno's own HTTP.

import { urlHost } from "../base/address.ts";
import { Guard, isLoopback, newToken } from "./guard.ts";
import { pageFile } from "./page_files.ts";
import type { Viewer } from "./viewer.ts";

/** Where to listen. */
export interface ServerAddress {
  /** Address or name of the network interface. */
  hostname: string;
  /** 0 for any that is free. */
  port: number;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * What the page may load: nothing from elsewhere, no scripts or styles in the page itself, and no other page around it.
 * The socket has to be named, as not every browser counts it as `'self'`.
 */
function policy(host: string): string {
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
    `connect-src 'self' ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** Files of the page, which are no secret: a page cannot add the token to the imports of a module. */
const FILE = /^\/((?:view|base)\/.+)$/;

/** Seconds after which a connection without a sign of life is closed. */
const IDLE_SECONDS = 30;

/** Serves a viewer until it is closed. */
export class ViewServer implements AsyncDisposable {
  /** What to open in a browser. */
  readonly url: string;
  readonly #viewer: Viewer;
  readonly #guard: Guard;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();

  private constructor(viewer: Viewer, { hostname, port }: ServerAddress) {
    this.#viewer = viewer;
    const token = isLoopback(hostname) ? undefined : newToken();
    this.#guard = new Guard(token);
    this.#server = Deno.serve(
      { hostname, port, signal: this.#abort.signal, onListen: () => {}, onError: failed },
      (request) => this.#answer(request),
    );
    const host = urlHost(reachable(hostname));
    const query = token === undefined ? "" : `?token=${token}`;
    this.url = `http://${host}:${this.#server.addr.port}/${query}`;
  }

  /**
   * Listens on an address. On a loopback address no token is needed; on any other the URL has a random one.
   *
   * @throws {Error} When the address or the port cannot be used; the message says why
   */
  static listen(viewer: Viewer, address: ServerAddress): ViewServer {
    try {
      return new ViewServer(viewer, address);
    } catch (error) {
      const { hostname, port } = address;
      const reason = error instanceof Deno.errors.AddrInUse
        ? "the port is in use; choose another one with --port, or any free one with --port 0"
        : `${(error as Error).message}; --ip takes an address of this machine`;
      throw new Error(`Cannot listen on ${hostname}:${port}: ${reason}`, { cause: error });
    }
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#viewer.end();
    this.#abort.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const { host, pathname, searchParams } = new URL(request.url);
    const file = FILE.exec(pathname)?.[1];
    const refusal = this.#guard.refusal(request, { data: file === undefined });
    if (refusal !== undefined) return reply(403, `${refusal}\n`);
    if (request.method !== "GET") return reply(405, "Only GET\n");
    if (file !== undefined) return await this.#file(file);
    switch (pathname) {
      case "/": {
        const page = await this.#file("view/page/index.html");
        page.headers.set("content-security-policy", policy(host));
        return page;
      }
      case "/scene.json": {
        const scene = this.#viewer.scene;
        if (scene === undefined) return reply(404, "The capture is not loaded yet\n");
        return reply(200, scene, "application/json");
      }
      case "/socket":
        return this.#connect(request);
    }
    const photo = /^\/photo\/(\d{1,7})$/.exec(pathname)?.[1];
    if (photo !== undefined) return await this.#photo(Number(photo), searchParams.get("width"));
    return reply(404, "Not found\n");
  }

  async #file(name: string): Promise<Response> {
    const file = await pageFile(name);
    return file === undefined ? reply(404, "Not found\n") : reply(200, file.body, file.type);
  }

  async #photo(index: number, width: string | null): Promise<Response> {
    const largest = width === null ? undefined : Number(width);
    if (largest !== undefined && !(Number.isInteger(largest) && largest >= 1)) return reply(400, "No width\n");
    let jpeg: Uint8Array<ArrayBuffer> | "busy" | undefined;
    try {
      jpeg = await this.#viewer.photos?.jpeg(index, largest);
    } catch (error) {
      return reply(500, `${(error as Error).message}\n`);
    }
    if (jpeg === undefined) return reply(404, "No such view\n");
    return jpeg === "busy" ? reply(503, "Too many photos are asked for\n") : reply(200, jpeg, "image/jpeg");
  }

  #connect(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return reply(426, "Only a WebSocket\n");
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      const client = this.#viewer.connect(socket);
      if (client === undefined) return socket.close(1013, "too many pages are open");
      socket.addEventListener("message", ({ data }) => client.receive(data));
      socket.addEventListener("close", () => this.#viewer.disconnect(client));
      socket.addEventListener("error", () => this.#viewer.disconnect(client));
    });
    socket.addEventListener("error", (event) => event.preventDefault());
    return response;
  }
}

function reply(status: number, body: string | Uint8Array<ArrayBuffer>, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, {
    status,
    headers: { "content-type": type, "cache-control": "no-store", ...SECURITY_HEADERS },
  });
}

function failed(error: unknown): Response {
  return reply(500, `${error instanceof Error ? error.message : String(error)}\n`);
}

/** An address to type for one that stands for all of this machine's: the first that others reach. */
function reachable(hostname: string): string {
  if (hostname !== "0.0.0.0" && hostname !== "::") return hostname;
  const addresses = Deno.networkInterfaces().filter(({ family, address }) => family === "IPv4" && !isLoopback(address));
  return addresses[0]?.address ?? "127.0.0.1";
}
