export declare function ensureDir(dir: string | URL): Promise<void>;
export declare function exists(
  path: string | URL,
  options?: { isReadable?: boolean; isDirectory?: boolean; isFile?: boolean },
): Promise<boolean>;
export declare function existsSync(
  path: string | URL,
  options?: { isReadable?: boolean; isDirectory?: boolean; isFile?: boolean },
): boolean;
export declare function copy(src: string | URL, dest: string | URL, options?: { overwrite?: boolean }): Promise<void>;
export interface WalkEntry {
  path: string;
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}
export declare function walk(
  root: string | URL,
  options?: {
    maxDepth?: number;
    includeDirs?: boolean;
    includeFiles?: boolean;
    exts?: string[];
    match?: RegExp[];
    skip?: RegExp[];
  },
): AsyncIterableIterator<WalkEntry>;
