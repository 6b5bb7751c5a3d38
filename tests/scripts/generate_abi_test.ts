// What the generator makes of a header: each form that it knows, and the line of what it doesn't.

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { parseHeader } from "../../scripts/generate_abi/header.ts";
import { abiText, symbolsText } from "../../scripts/generate_abi/typescript.ts";
import { ended, start } from "../support/process.ts";

const HEADER = `/* A header; with a comment; of two
   lines. */
#ifndef TAME_H
#define TAME_H
#include <stdint.h>
#if defined(__GNUC__)
#define TAME_API __attribute__((visibility("default")))
#else
#define TAME_API
#endif
#ifdef __cplusplus
extern "C" {
#endif
#define TAME_NONBLOCKING
#define TAME_ALSO_NONBLOCKING /* either way */
typedef int32_t tame_status;
typedef struct tame_error {
  int32_t status; /* a comment; with a semicolon */
  char message[488];
} tame_error;
typedef struct tame_device tame_device;
#define TAME_COLUMNS 3
/* Between two of a group. */
#define TAME_ALL 0xFFFFFFFFu
#define TAME_SAME TAME_COLUMNS
typedef struct tame_rates {
  uint32_t struct_size;
  float fx, fy;
  double rates[TAME_COLUMNS];
  uint64_t counts[2];
} tame_rates;
#define TAME_LATER 1u
#define TAME_PARAMETER_TABLE(ROW)                \\
  ROW(MEANS, "means", 3, 0, 1.6e-4f, "x y z")    \\
  ROW(SH_REST, "sh_rest", 0, 3, 1e-3f, "f_rest_#")
#define TAME_PARAMETER_IDENTIFIER(identifier, name, floats, sh_floats, rate, ply) TAME_PARAMETER_##identifier,
enum { TAME_PARAMETER_TABLE(TAME_PARAMETER_IDENTIFIER) TAME_PARAMETERS };
TAME_API uint32_t tame_abi_version(void);
TAME_NONBLOCKING
TAME_API tame_device* tame_device_open(const tame_rates* options, uint32_t options_bytes, tame_error* err);
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_column(tame_device* device, const char* name, uint32_t name_length, uint64_t limit,
                                 double* sums, uint64_t* counts, const void* rows, float scale, tame_error* err);
#ifdef __cplusplus
}
#endif
#endif /* TAME_H */
`;

Deno.test("abiText() has constants in the header's groups, and structs with their array lengths", () => {
  assertEquals(
    abiText(parseHeader(HEADER)),
    `// Generated from cuda/tame.h by \`deno task generate\`; do not edit.

/** Constants of the header without their prefix \`TAME_\`. */
export const ABI = {
  COLUMNS: 3,
  ALL: 0xFFFFFFFF,
  SAME: 3,

  LATER: 1,

  PARAMETER_MEANS: 0,
  PARAMETER_SH_REST: 1,
  PARAMETERS: 2,
} as const;

/**
 * The parameters of a Gaussian, in the order of \`ABI.PARAMETER_*\`: floats of each, more for each coefficient of the
 * spherical harmonics above degree 0, learning rate by default, PLY columns (\`#\` counts from 0).
 */
export const PARAMETERS = [
  { name: "means", floats: 3, shFloats: 0, rate: 0.00016, plyColumns: "x y z" },
  { name: "sh_rest", floats: 0, shFloats: 3, rate: 0.001, plyColumns: "f_rest_#" },
] as const;

/** Name of a parameter. */
export type ParameterName = "means" | "shRest";

/** Structs of the header: the type of each field in order, or type and array length. */
export const STRUCTS = {
  tame_error: {
    status: "i32",
    message: ["char", 488],
  },
  tame_rates: {
    struct_size: "u32",
    fx: "f32",
    fy: "f32",
    rates: ["f64", ABI.COLUMNS],
    counts: ["u64", 2],
  },
} as const;
`,
  );
});

Deno.test("symbolsText() has handles as pointers, data as buffers, and a second entry for a call wanted both ways", () => {
  const column = `    parameters: [
      "pointer", // device
      "buffer", // name
      "u32", // name_length
      "u64", // limit
      "buffer", // sums
      "buffer", // counts
      "buffer", // rows
      "f32", // scale
      "buffer", // err
    ],
    result: "i32",
`;
  assertStringIncludes(
    symbolsText(parseHeader(HEADER)),
    `export const SYMBOLS = {
  tame_abi_version: {
    parameters: [],
    result: "u32",
  },
  tame_device_open: {
    parameters: [
      "buffer", // options
      "u32", // options_bytes
      "buffer", // err
    ],
    result: "pointer",
    nonblocking: true,
  },
  tame_column: {
${column}  },
  tame_column_async: {
${column}    name: "tame_column",
    nonblocking: true,
  },
} as const`,
  );
});

for (
  const [what, source, message] of [
    ["a type", "TAME_API size_t tame_size(void);", "size_t cannot be passed by value"],
    ["a pointer to one", "\nTAME_API tame_status tame_f(wchar_t* name);", "tame.h:3: unknown type wchar_t"],
    [
      "a struct by value",
      "typedef struct tame_s {\n  float x;\n} tame_s;\nTAME_API float tame_f(tame_s s);",
      "tame.h:5: tame_s",
    ],
    ["a pointer to a pointer", "TAME_API float tame_f(float** x);", "expected a parameter's name, found *"],
    ["an array parameter", "TAME_API float tame_f(float x[3]);", "expected ), found ["],
    ["a returned buffer", "TAME_API float* tame_f(void);", "a function returns a number or a handle"],
    [
      "a pointer in a struct",
      "typedef struct tame_s {\n  float* x;\n} tame_s;",
      "tame.h:3: expected a field's name, found *",
    ],
    ["an array's length", "typedef struct tame_s {\n\n  float x[N];\n} tame_s;", "tame.h:4: expected a number"],
    ["a constant's value", "/*\n\n*/\n#define TAME_X (1u << 3)", "tame.h:5: expected a number or an earlier constant"],
    ["a constant without value", "#define TAME_X", "tame.h:2: expected a number"],
    ["a constant of 64 bits", "#define TAME_X 0xFFFFFFFFFFFFFFFFull", "more than a JavaScript number holds"],
    ["a constant's prefix", "#define OTHER 1", "OTHER does not begin with TAME_"],
    ["a directive", "#pragma once", "unknown directive: #pragma once"],
    ["a declaration", "int x;", "expected TAME_API, found int"],
    ["an enum", "enum { A, B };", "expected TAME_PARAMETER_TABLE, found A"],
    [
      "a row of parameters",
      '#define TAME_PARAMETER_TABLE(ROW) ROW(A, "a", 1, 0, 1)',
      "TAME_PARAMETER_TABLE has a row of another form",
    ],
    ["a repeated name", "#define TAME_X 1\n#define TAME_X 1", "tame.h:3: TAME_X is declared twice"],
    ["an unfinished declaration", "TAME_API float tame_f(float x", "expected ), found the end of the file"],
  ] as const
) {
  Deno.test(`parseHeader() throws with the line when it doesn't know ${what}`, () => {
    const error = assertThrows(() => parseHeader(`typedef int32_t tame_status;\n${source}`), SyntaxError, message);
    assertMatch(error.message, /^cuda\/tame\.h:\d+: /);
  });
}

Deno.test("scripts/generate.ts ends with 0 when it checks what is up to date, and with 2 for an unknown option", async () => {
  assertEquals((await ended(start("scripts/generate.ts", ["--check"], { flags: ["--allow-read"] }))).code, 0);
  assertStringIncludes((await ended(start("scripts/generate.ts", ["--help"]))).stdout, "Usage: deno task generate");
  const { code, stderr } = await ended(start("scripts/generate.ts", ["--chek"]));
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Unknown option --chek");
});
