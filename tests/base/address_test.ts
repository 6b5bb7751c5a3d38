// base/address.ts: addresses in URLs.
import { assertEquals } from "@std/assert";
import { urlHost } from "../../base/address.ts";

Deno.test("urlHost() puts brackets around IPv6, so that a port can follow", () => {
  assertEquals(["127.0.0.1", "localhost", "::1"].map(urlHost), ["127.0.0.1", "localhost", "[::1]"]);
  assertEquals(new URL(`http://${urlHost("::1")}:8000/`).port, "8000");
});
