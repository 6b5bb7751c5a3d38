// Who may talk to the viewer: the host that a request names, the origin that it comes from, the token that it has.

import { randomBytes, timingSafeEqual } from "node:crypto";

const TOKEN_BYTES = 16;

/** Whether an address is one of this machine that no other machine reaches. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d+\.\d+\.\d+$/.test(bare);
}

/** A token that nobody guesses: 128 random bits. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("hex");
}

/** Decides about requests. */
export class Guard {
  readonly #token: string | undefined;

  /** @param token Required of every request for data; undefined on a loopback address */
  constructor(token: string | undefined) {
    this.#token = token;
  }

  /**
   * Why a request is refused; undefined if it is not.
   *
   * Without a token a page of another site could reach the server: with a name of its own that resolves to this machine,
   * so the host must be a loopback address; or by its address, so the origin must be the server's own. With a token, the
   * token decides.
   *
   * The page itself may be opened by a link of another site: what it shows it asks for again.
   *
   * @param request The request
   * @param data Whether it is for data of the run, not for a file of the page
   */
  refusal(request: Request, { data }: { data: boolean }): string | undefined {
    const url = new URL(request.url);
    if (this.#token === undefined && !isLoopback(url.hostname)) return "This viewer is for the machine it runs on";
    const origin = request.headers.get("origin");
    if (origin !== null && hostOf(origin) !== url.host) return "The request comes from another site";
    const site = request.headers.get("sec-fetch-site");
    const opened = url.pathname === "/" && request.headers.get("sec-fetch-mode") === "navigate" &&
      request.headers.get("sec-fetch-dest") === "document";
    if (data && !opened && site !== null && site !== "same-origin" && site !== "none") {
      return "The request comes from another site";
    }
    if (!data || this.#token === undefined || sameText(url.searchParams.get("token") ?? "", this.#token)) {
      return undefined;
    }
    return "The token is wrong: open the URL that the run printed";
  }
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}

/** Compares in a time that does not tell how much is right. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  return left.length === right.length && timingSafeEqual(left, right);
}
