// Notebooks without a kernel: their cells as one program, which prints the outputs of each cell.

import { fromFileUrl } from "@std/path";
import type { Output } from "./jupyter.ts";

/** A cell of a notebook's file. */
export interface Cell {
  cell_type: "code" | "markdown";
  source: string[];
  outputs?: { output_type: string; data?: Record<string, unknown>; text?: string | string[] }[];
  execution_count?: number | null;
}

/** A notebook's file. */
export interface Notebook {
  cells: Cell[];
}

/** An output of a cell, by the cell's number among those of code. */
export interface CellOutput extends Output {
  cell: number;
}

/** What stands before an output in what the program prints. */
const MARK = "\x00output ";

/** The text of the cells of code. */
export function codeOf({ cells }: Notebook): string[] {
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => source.join(""));
}

/** Whether a statement is an expression, whose value a notebook shows. */
function isExpression(statement: string): boolean {
  return !/^(import|export|const|let|var|using|function|async|class|type|interface|for|while|if|try|switch|\/)\b/.test(
    statement,
  );
}

/**
 * A program that runs cells one after another, in place of Deno's kernel: it has the display of Deno's kernel, and the
 * value of a cell's last statement is shown.
 *
 * @param cells Their code, formatted: a statement begins at the beginning of a line
 */
export function programOf(cells: readonly string[]): string {
  const support = JSON.stringify(new URL("jupyter.ts", import.meta.url).href);
  const parts = cells.map((code, cell) => {
    const lines = code.trimEnd().split("\n");
    const last = lines.findLastIndex((line) => /^[^\s})\]]/.test(line));
    const statement = lines.slice(last).join("\n").replace(/;$/, "");
    const shown = isExpression(statement) ? `await kernel.showValue(${statement});` : `${statement};`;
    return [`cell = ${cell};`, ...lines.slice(0, last), shown].join("\n");
  });
  return `import { standInJupyter } from ${support};
let cell = 0;
const kernel = standInJupyter((output) => console.log(${JSON.stringify(MARK)} + JSON.stringify({ cell, ...output })));
${parts.join("\n")}
`;
}

/** The outputs that the program of {@linkcode programOf} printed, and the rest. */
export function outputsOf(printed: string): { outputs: CellOutput[]; text: string } {
  const lines = printed.split("\n");
  return {
    outputs: lines.filter((line) => line.startsWith(MARK)).map((line) => JSON.parse(line.slice(MARK.length))),
    text: lines.filter((line) => !line.startsWith(MARK)).join("\n"),
  };
}

/** The folder of the notebooks. */
export const NOTEBOOKS = fromFileUrl(new URL("../../docs/notebooks", import.meta.url));

/** Reads a notebook of the checkout. */
export function readNotebook(name: string): Notebook {
  return JSON.parse(Deno.readTextFileSync(`${NOTEBOOKS}/${name}.ipynb`));
}
