// Threads of a block of each CUDA kernel, from the `__launch_bounds__` in its source: ptxas does not report them.

import { fromFileUrl, join } from "@std/path";

const FOLDER = fromFileUrl(new URL("../../cuda", import.meta.url));

/** Values of `constexpr` integers by name, as expressions; several where `#if` chooses. */
export type Constants = ReadonlyMap<string, ReadonlySet<string>>;

/** A kernel's declaration. */
export interface LaunchBounds {
  kernel: string;
  /** The first argument of `__launch_bounds__`: threads of a block at most. */
  threads: string;
  /** Names of the template's parameters. */
  parameters: string[];
  /** Constants that its file sees. */
  constants: Constants;
}

const KERNEL =
  /(?:template\s*<([^>]*)>\s*)?(?:static\s+)?__global__\s+void\s+__launch_bounds__\(([^,()]*)[^)]*\)\s+(\w+)\(/g;

/** The kernels with launch bounds in the sources (`cuda/`); a `.cu` file sees all headers and itself. */
export function readLaunchBounds(folder: string = FOLDER): LaunchBounds[] {
  const files = ["core", "gpu"].flatMap((part) =>
    [...Deno.readDirSync(join(folder, part))].filter(({ name }) => /\.(h|cuh|cu)$/.test(name))
      .map(({ name }) => ({ name, text: Deno.readTextFileSync(join(folder, part, name)) }))
  );
  const headers = constantsOf(files.filter(({ name }) => !name.endsWith(".cu")).map(({ text }) => text).join("\n"));
  return files.flatMap(({ name, text }) =>
    parseLaunchBounds(text, name.endsWith(".cu") ? new Map([...headers, ...constantsOf(text)]) : headers)
  );
}

/** The kernels with launch bounds in a source text. */
export function parseLaunchBounds(text: string, constants: Constants): LaunchBounds[] {
  return [...withoutComments(text).matchAll(KERNEL)].map(([, template = "", threads, kernel]) => ({
    kernel,
    threads: threads.trim(),
    parameters: template.split(",").map((parameter) => parameter.trim().split(/\s+/).at(-1)!),
    constants,
  }));
}

/** The `constexpr` integers of a source text. */
export function constantsOf(text: string): Constants {
  const constants = new Map<string, Set<string>>();
  for (const [, declared] of withoutComments(text).matchAll(/constexpr\s+(?:int|uint32_t|unsigned)\s+([^;]+);/g)) {
    for (const [, name, value] of declared.matchAll(/(\w+)\s*=\s*([^,]+)/g)) {
      if (value.trim().endsWith(`::${name}`)) continue; // another namespace's, which has its own declaration
      constants.set(name, (constants.get(name) ?? new Set()).add(value.trim()));
    }
  }
  return constants;
}

/** Threads of a block of a kernel, such as `blend_kernel<true>`; undefined if it has no launch bounds. */
export function threadsOf(name: string, bounds: readonly LaunchBounds[]): number | undefined {
  const [kernel, list = ""] = name.split(/[<>]/);
  const found = bounds.find((one) => one.kernel === kernel);
  if (found === undefined) return undefined;
  const given = list.split(",").map((value, at) => [found.parameters[at], new Set([value.trim()])] as const);
  return evaluate(found.threads, new Map([...found.constants, ...given]));
}

/** The value of a product or quotient of constants. Throws a SyntaxError for anything else. */
export function evaluate(expression: string, constants: Constants): number {
  return expression.split(/(?=[*/])/).reduce((product, part) => {
    const [, operator, factor] = /^([*/]?)\s*(?:\w+::)*(\w+)\s*$/.exec(part) ?? [];
    if (factor === undefined) throw new SyntaxError(`Cannot evaluate "${expression}": not a product of constants`);
    const value = /^\d+$/.test(factor) ? Number(factor) : evaluate(valueOf(factor, constants), constants);
    return operator === "/" ? Math.floor(product / value) : product * value;
  }, 1);
}

function valueOf(name: string, constants: Constants): string {
  const values = [...constants.get(name) ?? []];
  if (values.length !== 1) throw new SyntaxError(`The constant ${name} has ${values.length} values instead of one`);
  return values[0];
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\/.*/g, "");
}
