// Rows of the viewers: of a run, and of finished models.

import type { OptionRow } from "../../base/option.ts";

/** Where a page is served. */
export const ADDRESS_ROWS = [
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

/** The viewer of a run. */
export const VIEW_ROWS = [
  { name: "view", kind: "flag", help: "show the run on a page: live renders, charts, buttons; see docs/guide/view.md" },
  { name: "websockets", kind: "flag", help: "the same as --view" },
  ...ADDRESS_ROWS,
] as const satisfies readonly OptionRow[];

/** What the page of finished models gets. */
export const FORM_ROWS = [
  {
    name: "form",
    kind: "string",
    choices: ["ply", "sog"],
    help: "what pages get first: the PLY, or a SOG file of a seventh of its size, encoded when it is asked for; " +
      "unset: the PLY on this machine, else SOG",
  },
] as const satisfies readonly OptionRow[];
