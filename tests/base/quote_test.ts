// base/quote.ts: words that a shell takes as they are.
import { assertEquals } from "@std/assert";
import { quote } from "../../base/quote.ts";

Deno.test("quote() gives words that a shell reads back", async () => {
  const words = ["--allow-ffi=/a/build,/b", "/my captures/fox", "it's", "$HOME", "[::1]:80", ""];
  const args = ["-c", `printf '%s\\n' ${words.map(quote).join(" ")}`];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\n").slice(0, -1), words);
  assertEquals(quote(words[0]), words[0]);
});
