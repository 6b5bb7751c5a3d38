// Rows of options: what they take, which values they reject, and the options that follow from them.

import { assertEquals, assertThrows } from "@std/assert";
import {
  apiName,
  expected,
  libraryOptions,
  OptionError,
  type OptionRow,
  problemOf,
  resolveOptions,
  rowNamed,
  rowsNamed,
} from "../../base/option.ts";

const ROWS = [
  { name: "steps", kind: "integer", default: 5, minimum: 1, help: "" },
  { name: "scene_size", kind: "number", above: 0, help: "" },
  { name: "device", api: "index", kind: "integer", default: 0, minimum: 0, help: "" },
  { name: "save_at", kind: "integers", default: [3], minimum: 1, sentinel: -1, help: "" },
  { name: "mode", kind: "string", choices: ["fast", "fine"], default: "fast", help: "" },
  { name: "quiet", kind: "flag", help: "" },
  { name: "start", kind: "path", help: "" },
] as const satisfies readonly OptionRow[];

function row(fields: Partial<OptionRow>): OptionRow {
  return { name: "x", kind: "number", help: "", ...fields };
}

Deno.test("expected() says the kind, the bounds and the choices", () => {
  const texts: [Partial<OptionRow>, string][] = [
    [{}, "a number"],
    [{ minimum: 0 }, "a number, 0 or more"],
    [{ above: 0 }, "a number greater than 0"],
    [{ kind: "length", above: 0 }, "a number greater than 0, or a percentage such as 50%"],
    [{ above: 0, maximum: Infinity }, "a number greater than 0"],
    [{ kind: "integer", minimum: 0, maximum: 3 }, "an integer from 0 to 3"],
    [{ kind: "integer", minimum: 1, maximum: 2 ** 32 - 1 }, "an integer from 1 to 2^32 - 1"],
    [{ kind: "integer", minimum: 0, sentinel: -1 }, "an integer, 0 or more, or -1"],
    [{ kind: "integers", minimum: 0, maximum: 3 }, "one or more integers, each from 0 to 3"],
    [{ kind: "integers", minimum: 1, sentinel: -1 }, "one or more integers, each 1 or more, or -1"],
    [{ kind: "numbers" }, "one or more numbers"],
    [{ kind: "numbers", above: 0 }, "one or more numbers, each greater than 0"],
    [{ kind: "integer", choices: [1, 2, 4] }, "1, 2 or 4"],
    [{ kind: "string", choices: ["a"] }, '"a"'],
    [{ kind: "string", choices: ["a", "b"] }, '"a" or "b"'],
    [{ kind: "flag" }, "true or false"],
  ];
  for (const [fields, text] of texts) assertEquals(expected(row(fields)), text);
});

Deno.test("problemOf() accepts what the row takes and rejects what it does not", () => {
  const cases: [Partial<OptionRow>, accepted: unknown[], rejected: unknown[]][] = [
    [{}, [0, -1.5, Number.MAX_VALUE, Number.MIN_VALUE], [NaN, Infinity, -Infinity, "1", null, [1]]],
    [{ above: 0 }, [Number.MIN_VALUE], [0, -1]],
    [{ maximum: Infinity }, [Infinity], [NaN, -Infinity]],
    [{ kind: "integer", minimum: 2, sentinel: -1 }, [2, -1], [1, 0, 2.5, 2 ** 53]],
    [{ kind: "bytes", minimum: 0 }, [0, 2 ** 40], [-1, 0.5]],
    [{ kind: "integers", minimum: 1 }, [[], [1, 2]], [1, [0], [1, "2"]]],
    [{ kind: "numbers", minimum: 0 }, [[], [0, 1.5]], [1, [-1], [1, "2"], [NaN]]],
    [{ kind: "integer", choices: [1, 2] }, [1, 2], [3, "1"]],
    [{ kind: "string" }, ["", "a"], [1, new URL("file:///a")]],
    [{ kind: "path" }, ["a", new URL("file:///a")], [1, ["a"]]],
    [{ kind: "paths" }, [["a"], []], ["a"]],
    [{ kind: "flag" }, [true, false], ["true", 1]],
    [{ reject: (value) => value === 7 ? "seven" : undefined }, [6], [7]],
  ];
  for (const [fields, accepted, rejected] of cases) {
    for (const value of accepted) assertEquals(problemOf(row(fields), value), undefined, `${value}`);
    for (const value of rejected) assertEquals(typeof problemOf(row(fields), value), "string", `${value}`);
  }
  assertEquals(problemOf(row({ reject: () => "it is never right" }), 1), "it is never right");
});

Deno.test("resolveOptions() fills in defaults, leaves out what is no row's, and rejects what no row takes", () => {
  const defaults = { steps: 5, index: 0, saveAt: [3], mode: "fast", quiet: false };
  assertEquals<unknown>(resolveOptions(ROWS, {}), defaults);
  const given = { steps: undefined, sceneSize: 2, index: 1, signal: null };
  assertEquals<unknown>(resolveOptions(ROWS, given), { ...defaults, sceneSize: 2, index: 1 });
  const error = assertThrows(() => resolveOptions(ROWS, { index: -1 }), OptionError);
  assertEquals(error.message, "Cannot use -1 as index: it takes an integer, 0 or more");
  assertEquals(error.spelled((name) => `<${name}>`), "Cannot use -1 as <index>: it takes an integer, 0 or more");
  assertThrows(() => resolveOptions(ROWS, { steps: NaN }), RangeError, "Cannot use NaN as steps");
  assertThrows(() => resolveOptions(ROWS, { mode: "slow" as "fast" }), RangeError, 'Cannot use "slow" as mode');
});

Deno.test("libraryOptions() takes values by flags to the library's names, and only those that there are", () => {
  const values = { scene_size: 2, device: 1, quiet: true, start: undefined, json: true };
  assertEquals<unknown>(libraryOptions(ROWS, values), { sceneSize: 2, index: 1, quiet: true });
});

Deno.test("rows are found by the names of their flags", () => {
  assertEquals(rowsNamed(ROWS, "quiet", "save_at").map(apiName), ["quiet", "saveAt"]);
  assertThrows(() => rowNamed<OptionRow, string>(ROWS, "saveAt"), Error, "saveAt");
});
