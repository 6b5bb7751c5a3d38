// Fetches the libraries that convert splat formats, and draw splats in a browser, into Deno's cache, for the tests that
// need them.

import { prepareExports } from "../export/export_splats.ts";
import { SPLAT_LIBRARY } from "../load/splat_library.ts";
import { prepareDrawingLibrary, SPARK } from "../view/drawing_library.ts";

await prepareExports(["spz"], { onNotice: console.log });
await prepareDrawingLibrary({ onNotice: console.log });
for (const { name, version } of [SPLAT_LIBRARY, SPARK]) console.log(`${name} ${version} is in Deno's cache`);
