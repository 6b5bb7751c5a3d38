// The header's structs in memory, compared with those of a C compiler.

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { STRUCTS } from "../../ffi/abi.ts";
import { decodeText, Struct, type StructName, structSize } from "../../ffi/struct.ts";
import { compiler } from "../support/compiler.ts";

const INCLUDE = fromFileUrl(new URL("../../cuda", import.meta.url));
const NAMES = Object.keys(STRUCTS) as StructName[];

interface Field {
  name: string;
  type: string;
  length: number;
}

function fieldsOf(struct: StructName): Field[] {
  return Object.entries<string | readonly [string, number]>(STRUCTS[struct]).map(([name, spec]) =>
    typeof spec === "string" ? { name, type: spec, length: 1 } : { name, type: spec[0], length: spec[1] }
  );
}

/** A C program that fills the structs with ascending numbers from 1, and writes their bytes one after another. */
function fillingProgram(): string {
  const body = NAMES.map((struct) => {
    let next = 1;
    const sets = fieldsOf(struct).flatMap(({ name, type, length }) => {
      if (type === "char") return [`strcpy(s.${name}, "${name}");`];
      const isArray = Array.isArray(STRUCTS[struct][name as never]);
      return Array.from({ length }, (_, i) => `s.${name}${isArray ? `[${i}]` : ""} = ${next++};`);
    });
    return `{ ${struct} s; memset(&s, 0, sizeof s); ${sets.join(" ")} fwrite(&s, sizeof s, 1, stdout); }`;
  });
  return `#include <stdio.h>\n#include <string.h>\n#include "tame.h"\nint main(void) {\n${
    body.join("\n")
  }\nreturn 0;\n}\n`;
}

Deno.test({
  name: "Struct reads what C wrote, field by field",
  ignore: compiler === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/fill.c`, fillingProgram());
    const flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", `-I${INCLUDE}`];
    const build = await new Deno.Command(compiler!, { args: [...flags, "-o", `${folder}/fill`, `${folder}/fill.c`] })
      .output();
    assertEquals(decodeText(build.stderr), "");
    const { stdout } = await new Deno.Command(`${folder}/fill`).output();
    assertEquals(stdout.length, NAMES.reduce((sum, name) => sum + structSize(name), 0));
    let end = 0;
    for (const name of NAMES) {
      const struct = new Struct(name);
      struct.bytes.set(stdout.subarray(end, end += struct.bytes.length));
      let next = 1;
      for (const { name: field, type, length } of fieldsOf(name)) {
        if (type === "char") assertEquals(struct.text(field as never), field, `${name}.${field}`);
        else {
          for (let i = 0; i < length; i++) assertEquals(struct.number(field as never, i), next++, `${name}.${field}`);
        }
      }
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("Struct returns the numbers that were set, converted to the type of the field", () => {
  const options = new Struct("tame_device_options").set("index", 2 ** 32 - 1).set("memory_limit", 2 ** 40 + 1);
  assertEquals(options.number("struct_size"), structSize("tame_device_options"));
  assertEquals([options.number("index"), options.number("memory_limit")], [2 ** 32 - 1, 2 ** 40 + 1]);
  const step = new Struct("tame_step").set("background", [0.1, 0.5, 1]);
  assertEquals([0, 1, 2].map((i) => step.number("background", i)), [Math.fround(0.1), 0.5, 1]);
  const lens = new Struct("tame_lens").set("coefficients", [0.1]);
  assertEquals(lens.number("coefficients"), 0.1);
});

Deno.test("structSize() returns the sizes that tame.h states", () => {
  assertEquals(structSize("tame_error"), 512);
  assertEquals(structSize("tame_device_options"), 32);
  assertEquals(structSize("tame_step"), 52);
});
