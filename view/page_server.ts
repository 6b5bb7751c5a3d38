// A server of pages over Deno's own HTTP: where it listens, whom it answers, and the files of the pages. What a page asks
// for beside them is its site's.

import { urlHost } from "../base/address.ts";
import { Guard, isLoopback, newToken } from "./guard.ts";
import { pageFile } from "./page_files.ts";

/** Where to listen. */
export interface ServerAddress {
  /** Address or name of the network interface. */
  hostname: string;
  /** 0 for any that is free. */
  port: number;
}

/** What is served beside the files of the pages. */
export interface Site {
  /** The HTML that is served at `/`, in the checkout. */
  readonly page: string;
  /** The content security policy of the page on a host. */
  policy(host: string): string;
  /** Answers a GET request for data, which has passed the guard. */
  answer(request: Request, url: URL): Response | Promise<Response>;
  /** A file that the page loads as its own; undefined if there is none of that name. */
  file?(path: string): Promise<{ type: string; body: string } | undefined>;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** What a page may never do. */
const NEVER = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A content security policy: nothing from elsewhere but what the directives allow, no scripts or styles in the page
 * itself, and no other page around it.
 */
export function contentPolicy(directives: string): string {
  return `default-src 'none'; style-src 'self'; ${directives}; ${NEVER}`;
}

/** Files of the pages, which are no secret: a page cannot add the token to the imports of a module. */
const FILE = /^\/((?:view|base)\/.+)$/;

/** Serves a site until it is closed. */
export class PageServer implements AsyncDisposable {
  /** What to open in a browser. */
  readonly url: string;
  readonly #site: Site;
  readonly #guard: Guard;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();

  private constructor(site: Site, { hostname, port }: ServerAddress) {
    this.#site = site;
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
  static listen(site: Site, address: ServerAddress): PageServer {
    try {
      return new PageServer(site, address);
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
    this.#abort.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const file = FILE.exec(url.pathname)?.[1];
    const refusal = this.#guard.refusal(request, { data: file === undefined });
    if (refusal !== undefined) return reply(403, `${refusal}\n`);
    if (request.method !== "GET") return reply(405, "Only GET\n");
    if (file !== undefined) return await this.#file(file);
    if (url.pathname !== "/") return await this.#site.answer(request, url);
    const page = await this.#file(this.#site.page);
    page.headers.set("content-security-policy", this.#site.policy(url.host));
    return page;
  }

  async #file(name: string): Promise<Response> {
    const file = await this.#site.file?.(name) ?? await pageFile(name);
    return file === undefined ? notFound() : reply(200, file.body, file.type);
  }
}

/** A response with a body in memory. */
export function reply(
  status: number,
  body: BodyInit | null,
  type = "text/plain; charset=utf-8",
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { "content-type": type, "cache-control": "no-store", ...SECURITY_HEADERS, ...headers },
  });
}

/** There is nothing of that name. */
export function notFound(): Response {
  return reply(404, "Not found\n");
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
