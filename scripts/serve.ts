// Serves dist/tame-VERSION/ over http, with the types that Deno expects: what `make dist` made, imported by URL. `--help` says how.

import { existsSync } from "@std/fs";
import { extname, join } from "@std/path";
import { urlHost } from "../base/address.ts";
import { DataError } from "../base/errors.ts";
import type { OptionRow } from "../base/option.ts";
import { quote } from "../base/quote.ts";
import { parse } from "../cli/argv.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { DIST } from "./dist.ts";
import { runMain } from "./main.ts";

const COMMAND = "deno run --allow-read --allow-env --allow-net scripts/serve.ts";

const HELP = `Serves dist/tame-VERSION/, which \`make dist\` makes, until it is interrupted.

Usage: ${COMMAND} [options]

  --host ADDRESS  address to listen on (default: 127.0.0.1, this machine alone)
  --port N        port; 0 takes a free one (default: 8000)
  --help          this text`;

const OPTIONS = [{
  title: "Server",
  rows: [
    { name: "host", kind: "string", default: "127.0.0.1", help: "address" },
    { name: "port", kind: "integer", default: 8000, minimum: 0, maximum: 65_535, help: "port" },
  ] as const satisfies readonly OptionRow[],
}] as const satisfies readonly OptionGroup[];

/** The types of the endings in dist/. */
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".ts": "application/typescript; charset=utf-8",
  ".cts": "application/typescript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
};

/**
 * Answers a request for a file.
 *
 * @param request GET or HEAD
 * @param folder What is served; nothing outside it is
 */
export async function serveFile(request: Request, folder: string): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") return new Response("GET or HEAD", { status: 405 });
  try {
    const root = await Deno.realPath(folder);
    const path = await Deno.realPath(join(root, decodeURIComponent(new URL(request.url).pathname)));
    if (!path.startsWith(`${root}/`)) throw new Deno.errors.NotFound();
    const file = await Deno.open(path);
    const { isFile, size } = await file.stat();
    if (!isFile || request.method === "HEAD") file.close();
    if (!isFile) throw new Deno.errors.NotFound();
    const headers = {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "content-length": `${size}`,
      "access-control-allow-origin": "*", // modules of pages elsewhere
    };
    return new Response(request.method === "HEAD" ? null : file.readable, { headers });
  } catch {
    return new Response("Not found\n", { status: 404 });
  }
}

/** What is served where, and how a program imports it. */
export function servedText(folder: string, { hostname, port }: { hostname: string; port: number }): string {
  const address = `${urlHost(hostname)}:${port}`;
  const served = [`--allow-import=${address}`, `--allow-net=${address}`].map(quote).join(" ");
  return `Serving ${folder} at http://${address}/ until ^C. In a program:

  import { train } from "http://${address}/mod.js";

Run it with:

  deno run --allow-read --allow-write --allow-env --allow-sys ${served} --allow-ffi FILE`;
}

function main(argv: string[]): number {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values: { host, port } } = parse(argv, OPTIONS);
  if (!existsSync(join(DIST, "mod.js"))) throw new DataError("There is no mod.js: make dist", { path: DIST });
  const onListen = (address: Deno.NetAddr): void => console.log(servedText(DIST, address));
  Deno.serve({ hostname: host, port, onListen }, (request) => serveFile(request, DIST));
  return EXIT.done;
}

if (import.meta.main) await runMain(main, COMMAND);
