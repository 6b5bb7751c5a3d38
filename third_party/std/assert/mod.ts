// Lets @std/assert resolve where only the npm registry answers; types.d.ts lists what the project uses.
// @ts-types="./types.d.ts"
export * from "npm:deno-std@1.2.0/assert/mod.js";
