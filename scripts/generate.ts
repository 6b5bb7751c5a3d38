// Writes the generated files: the TypeScript side of the C ABI from cuda/tame.h; the guide's page of options and the
// schemas of files of options from the option tables; the schemas of what --json prints. They are checked
// in; tests compare them with their sources.

import { fromFileUrl, join } from "@std/path";
import { parseHeader } from "./generate_abi/header.ts";
import { abiText, symbolsText } from "./generate_abi/typescript.ts";
import { captureConfigSchema, configFileSchema } from "./generate/option_schema.ts";
import { doctorSchema, eventsSchema } from "./generate/output_schemas.ts";
import { optionsPage } from "./generate/options_page.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const HEADER = "cuda/tame.h";
const HELP = `Usage: deno task generate [--check]

Writes ffi/symbols.ts and ffi/abi.ts from ${HEADER}, docs/guide/options.md from the option tables, and docs/schemas from
the option tables and the types of what --json prints.

  --check  write nothing; fail when one of them is out of date`;

/** The generated files by path; the header is that of a checkout. */
export function generatedFiles(root: string = ROOT): Record<string, string> {
  const header = parseHeader(Deno.readTextFileSync(join(root, HEADER)));
  return {
    "ffi/symbols.ts": symbolsText(header),
    "ffi/abi.ts": abiText(header),
    "docs/guide/options.md": optionsPage(),
    "docs/schemas/doctor.schema.json": schemaText(doctorSchema()),
    "docs/schemas/events.schema.json": schemaText(eventsSchema()),
    "docs/schemas/tame.config.schema.json": schemaText(captureConfigSchema()),
    "docs/schemas/train.config.schema.json": schemaText(configFileSchema()),
  };
}

function schemaText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Generated files that are out of date, by path. */
export function staleFiles(root: string = ROOT): string[] {
  return Object.entries(generatedFiles(root))
    .filter(([path, text]) => Deno.readTextFileSync(join(root, path)) !== text)
    .map(([path]) => path);
}

function main(args: string[]): number {
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const wrong = args.find((argument) => argument !== "--check");
  if (wrong !== undefined) {
    console.error(`Error: Unknown option ${wrong}\n\n${HELP}`);
    return 2;
  }
  try {
    if (!args.includes("--check")) {
      for (const [path, text] of Object.entries(generatedFiles())) Deno.writeTextFileSync(join(ROOT, path), text);
      return 0;
    }
    const stale = staleFiles();
    for (const path of stale) console.error(`Error: ${path} is out of date: run deno task generate`);
    return stale.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    console.error(`Error: ${error.message}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(main(Deno.args));
