// The server of the live viewer: the page, the capture's data, and a WebSocket for each page.

import { contentPolicy, notFound, PageServer, reply, type ServerAddress, type Site } from "./page_server.ts";
import type { Viewer } from "./viewer.ts";

/** Seconds after which a connection without a sign of life is closed. */
const IDLE_SECONDS = 30;

/** Serves a viewer until it is closed. */
export class ViewServer implements AsyncDisposable {
  /** What to open in a browser. */
  readonly url: string;
  readonly #viewer: Viewer;
  readonly #server: PageServer;

  private constructor(viewer: Viewer, address: ServerAddress) {
    this.#viewer = viewer;
    this.#server = PageServer.listen(new LiveSite(viewer), address);
    this.url = this.#server.url;
  }

  /**
   * Listens on an address. On a loopback address no token is needed; on any other the URL has a random one.
   *
   * @throws {Error} When the address or the port cannot be used; the message says why
   */
  static listen(viewer: Viewer, address: ServerAddress): ViewServer {
    return new ViewServer(viewer, address);
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#viewer.end();
    await this.#server[Symbol.asyncDispose]();
  }
}

class LiveSite implements Site {
  readonly page = "view/page/index.html";
  readonly #viewer: Viewer;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
  }

  policy(host: string): string {
    // The socket has to be named, as not every browser counts it as 'self'.
    return contentPolicy(`script-src 'self'; img-src 'self' blob:; connect-src 'self' ws://${host}`);
  }

  async answer(request: Request, { pathname, searchParams }: URL): Promise<Response> {
    switch (pathname) {
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
    return notFound();
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
