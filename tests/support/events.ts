// What commands print with --json: lines that their schema describes.

import { Ajv } from "ajv";
import { assertEquals } from "@std/assert";
import { eventsSchema } from "../../scripts/generate/output_schemas.ts";

const ajv = new Ajv({ discriminator: true, allowUnionTypes: true });
const fits = ajv.compile({
  ...eventsSchema(),
  discriminator: { propertyName: "type" },
  type: "object",
  required: ["type"],
});

/** The events in the output of a command. Each is what the schema says. */
// deno-lint-ignore no-explicit-any
export function eventsIn(output: string): any[] {
  return output.trimEnd().split("\n").map((line) => {
    const event = JSON.parse(line);
    fits(event);
    const problems = fits.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`) ?? [];
    assertEquals(problems, [], `no event of the schema: ${line}`);
    return event;
  });
}
