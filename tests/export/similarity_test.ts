// Similarities as rows of a matrix, and the matrices that are none.

import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { similarityOf, similarityProblem } from "../../export/similarity.ts";

Deno.test("similarityOf() takes a matrix apart", () => {
  const { scale, rotation, translation } = similarityOf([0, -3, 0, 1, 0, 0, -3, 2, 3, 0, 0, 3]);
  assertAlmostEquals(scale, 3, 1e-12);
  [0, -1, 0, 0, 0, -1, 1, 0, 0].forEach((value, i) => assertAlmostEquals(rotation[i], value, 1e-12));
  assertEquals(translation, [1, 2, 3]);
});

Deno.test("similarityProblem() rejects mirrors, shears, other scales, and other numbers of numbers", () => {
  const cases: [number[], string][] = [
    [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0], "mirror"],
    [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], "flatten"],
    [[1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], "shear"],
    [[1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0], "shear, or scale the axes differently"],
    [[1, 2, 3], "12 numbers"],
  ];
  for (const [matrix, problem] of cases) {
    assertStringIncludes(similarityProblem(matrix) ?? "none", problem);
    assertThrows(() => similarityOf(matrix), RangeError, problem);
  }
});
