// Fetches the conversion library for splat formats into Deno's cache, for the tests that need it.

import { prepareExports } from "../export/export_splats.ts";
import { SPLAT_LIBRARY } from "../load/splat_library.ts";

await prepareExports(["spz"], { onNotice: console.log });
console.log(`${SPLAT_LIBRARY.name} ${SPLAT_LIBRARY.version} is in Deno's cache`);
