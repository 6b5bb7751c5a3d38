// Writes the types of mod.ts into one file: deno run -A scripts/dist/types.ts TREE FILE. Its packages are imported by
// computed names, so that nothing else installs them.

import { join } from "node:path";

const [tree, target] = Deno.args;

// The declarations use the compiler's interface, which TypeScript 7 does not have.
await import(["npm:", "typescript@5.9.3"].join(""));
const { rollup } = await import(["npm:", "rollup@4.68.8"].join(""));
const { dts } = await import(["npm:", "rollup-plugin-dts@6.5.1"].join(""));

const bundle = await rollup({
  input: join(tree, "mod.ts"),
  external: [/^node:/, /^npm:/],
  plugins: [dts({
    compilerOptions: {
      ...{ strict: true, noImplicitAny: false, skipLibCheck: true, allowImportingTsExtensions: true },
      ...{ resolveJsonModule: true, lib: ["lib.esnext.d.ts", "lib.dom.d.ts"] },
      ...{ target: 99, module: 99, moduleResolution: 100 }, // ESNext, ESNext, Bundler
    },
  })],
  onwarn: ({ message }: { message: string }) => console.error(message),
});
await bundle.write({ file: target, format: "es" });
