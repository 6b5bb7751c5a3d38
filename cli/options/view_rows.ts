// Rows of the live viewer.

import type { OptionRow } from "../../base/option.ts";

export const VIEW_ROWS = [
  { name: "view", kind: "flag", help: "show the run on a page: live renders, charts, buttons; see docs/guide/view.md" },
  { name: "websockets", kind: "flag", help: "the same as --view" },
  {
    name: "ip",
    kind: "string",
    unit: "ADDRESS",
    default: "127.0.0.1",
    help: "address on which the page is served; if other machines can reach it, the URL has a random token",
  },
  {
    name: "port",
    kind: "integer",
    unit: "N",
    default: 6009,
    minimum: 0,
    maximum: 65_535,
    help: "port on which the page is served; 0: any that is free",
  },
] as const satisfies readonly OptionRow[];
