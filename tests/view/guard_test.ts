// Who may talk to the viewer.
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Guard, isLoopback, newToken } from "../../view/guard.ts";

const DATA = { data: true };

function refusal(guard: Guard, url: string, headers: Record<string, string> = {}, what = DATA): boolean {
  return guard.refusal(new Request(url, { headers }), what) !== undefined;
}

Deno.test("isLoopback() knows the addresses that no other machine reaches", () => {
  for (const address of ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1", "[::1]"]) {
    assertEquals(isLoopback(address), true, address);
  }
  for (const address of ["0.0.0.0", "192.168.1.2", "::", "localhost.evil.com", "127.0.0.1.evil.com", "127.1"]) {
    assertEquals(isLoopback(address), false, address);
  }
});

Deno.test("newToken() gives 128 random bits", () => {
  assertMatch(newToken(), /^[0-9a-f]{32}$/);
  assertNotEquals(newToken(), newToken());
});

Deno.test("on this machine, pages of other sites are refused", () => {
  const guard = new Guard(undefined);
  const url = "http://127.0.0.1:6009/socket";
  assertEquals(refusal(guard, url), false);
  assertEquals(refusal(guard, url, { origin: "http://127.0.0.1:6009" }), false);
  assertEquals(refusal(guard, "http://localhost:8080/socket", { origin: "http://localhost:8080" }), false);
  assertEquals(refusal(guard, url, { origin: "https://evil.com" }), true);
  assertEquals(refusal(guard, url, { origin: "http://127.0.0.1:80" }), true);
  assertEquals(refusal(guard, url, { origin: "null" }), true);
  assertEquals(refusal(guard, url, { "sec-fetch-site": "cross-site" }), true);
  assertEquals(refusal(guard, url, { "sec-fetch-site": "same-origin" }), false);
  // A name of theirs that resolves to this machine makes their page and the server one origin.
  const rebound = "http://evil.com:6009/socket";
  assertEquals(refusal(guard, rebound, { origin: "http://evil.com:6009" }), true);
  assertEquals(refusal(guard, rebound, {}, { data: false }), true);
});

Deno.test("a link of another site opens the page, and nothing else", () => {
  const [guard, token] = [new Guard(undefined), newToken()];
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  assertEquals(refusal(guard, "http://127.0.0.1:6009/", link), false);
  assertEquals(refusal(guard, "http://127.0.0.1:6009/scene.json", link), true);
  assertEquals(refusal(guard, "http://127.0.0.1:6009/", { ...link, "sec-fetch-dest": "iframe" }), true);
  assertEquals(refusal(guard, "http://127.0.0.1:6009/", { ...link, "sec-fetch-mode": "no-cors" }), true);
  assertEquals(refusal(new Guard(token), `http://192.168.1.2:6009/?token=${token}`, link), false);
  assertEquals(refusal(new Guard(token), "http://192.168.1.2:6009/", link), true);
});

Deno.test("elsewhere the token decides", () => {
  const token = newToken();
  const guard = new Guard(token);
  const url = "http://192.168.1.2:6009/socket";
  assertEquals(refusal(guard, `${url}?token=${token}`), false);
  assertEquals(refusal(guard, url), true);
  assertEquals(refusal(guard, `${url}?token=`), true);
  assertEquals(refusal(guard, `${url}?token=${token.slice(1)}`), true);
  assertEquals(refusal(guard, `${url}?token=${"0".repeat(32)}`), true);
  assertEquals(refusal(guard, `${url}?token=${token}`, { origin: "http://evil.com" }), true);
  assertEquals(refusal(guard, url, {}, { data: false }), false, "files of the page are no secret");
});
