export interface StringifyOptions {
  headers?: boolean;
  separator?: string;
  columns?: readonly string[];
  bom?: boolean;
}
export declare function stringify(
  data: readonly (readonly unknown[] | Record<string, unknown>)[],
  options?: StringifyOptions,
): string;
export interface ParseOptions {
  separator?: string;
  comment?: string;
  skipFirstRow?: boolean;
  columns?: readonly string[];
}
export declare function parse(input: string, options: ParseOptions & { skipFirstRow: true }): Record<string, string>[];
export declare function parse(input: string, options?: ParseOptions): string[][];
