// Makes dist/tame-VERSION-PLATFORM, the command line as one program, of build/portable: `make binary`. Its
// argument is another folder of native libraries.

import { fromFileUrl, join, relative, resolve } from "@std/path";
import { EXIT } from "../cli/exit.ts";
import { DIST } from "./dist.ts";
import { compileBinary, UPLOT } from "./dist/binary.ts";
import { noticeText } from "./dist/notice.ts";
import { runMain } from "./main.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

async function main([libraries = join(ROOT, "build/portable")]: string[]): Promise<number> {
  const target = `${DIST}-${Deno.build.os}-${Deno.build.arch}`;
  await compileBinary(ROOT, resolve(libraries), target);
  const notice = { entry: "cli.ts", besides: [UPLOT], backends: ["cpu", "cuda"], runtime: true };
  await Deno.writeTextFile(`${target}.NOTICE`, await noticeText(ROOT, notice));
  console.log(relative(Deno.cwd(), target));
  return EXIT.done;
}

if (import.meta.main) await runMain(main, "deno run -A scripts/binary.ts [LIBRARIES]");
