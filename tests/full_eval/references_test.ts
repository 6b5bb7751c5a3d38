// Files of peers: reading them, and their rows beside the scenes of a run.

import { assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { clusterJob } from "../../cli/full_eval/cluster.ts";
import { type Job, jobsOf } from "../../cli/full_eval/jobs.ts";
import { parsePeersFile } from "../../cli/full_eval/references.ts";
import { FULL_EVAL_OPTIONS } from "../../cli/options.ts";

function jobsFor(line: string): Promise<Job[]> {
  return jobsOf(parse(line.split(" "), FULL_EVAL_OPTIONS).values, []);
}

Deno.test("parsePeersFile() reads who was measured on what, and names what is wrong", () => {
  const read = (value: unknown) => parsePeersFile(new TextEncoder().encode(JSON.stringify(value)), "/peers.json");
  const peer = { scene: "fox-B", method: "LiteGS", source: "its paper" };
  const measures = { psnr: 32.46, iterations: 9976 };
  assertEquals(read({ peers: [{ ...peer, ...measures, version: "1.2", gpu: "one H200" }, peer] }), [
    { scene: "fox-B", reference: { method: "LiteGS 1.2", source: "one H200; its paper", measures } },
    { scene: "fox-B", reference: { method: "LiteGS", source: "its paper", measures: {} } },
  ]);
  const wrong: [unknown, string][] = [
    [[], "File is not a JSON object"],
    [{ peers: [] }, '"peers" is missing or empty'],
    [{ peers: [peer], scenes: [] }, '"scenes" in the file is unknown'],
    [{ peers: [peer, 3] }, "peer 1 is not an object"],
    [{ peers: [{ ...peer, scene: 3 }] }, 'peer 0 has no "scene"'],
    [{ peers: [{ ...peer, method: undefined }] }, 'a peer of scene "fox-B" has no "method"'],
    [{ peers: [{ ...peer, source: undefined }] }, 'has no "source": who measured it'],
    [{ peers: [{ ...peer, version: 2 }] }, '"version" of a peer of scene "fox-B" is not a text'],
    [{ peers: [{ ...peer, seconds: 2 }] }, '"seconds" in a peer of scene "fox-B" is unknown: expected psnr'],
    [{ peers: [{ ...peer, psnr: null }] }, '"psnr" of a peer of scene "fox-B" is not a number'],
  ];
  for (const [value, message] of wrong) {
    const error = assertThrows(() => read(value), DataError, message);
    assertStringIncludes(error.message, "/peers.json");
  }
});

Deno.test("jobsOf() lists peers after a scene's own references, and rejects files without a scene of the run", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "peers.json");
    const peers = [
      { scene: "garden", method: "another", source: "me", psnr: 27.5 },
      { scene: "elsewhere", method: "another", source: "me" },
    ];
    await Deno.writeTextFile(file, JSON.stringify({ peers }));
    const [garden, other] = await jobsFor(`-m360 a --mode budget --scenes garden room --peers ${file}`);
    const methods = ["Taming 3DGS (paper)", "Taming 3DGS (NerfBaselines)"];
    assertEquals(garden.references.map(({ method }) => method), [...methods, "another"]);
    assertEquals(other.references.map(({ method }) => method), methods);
    // What --scenes leaves out is of the run too.
    assertEquals((await jobsFor(`-m360 a --scenes room --peers ${file}`))[0].references, []);
    await assertRejects(() => jobsFor(`-db a --peers ${file}`), UsageError, "it has garden, elsewhere; this run has");
    await assertRejects(() => jobsFor(`-m360 a --peers ${file}.no`), DataError, "peers.json.no");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("clusterJob() gives peers to the command that collects, not to the tasks, which write no reports", async () => {
  const own = ["-m360", "/a", "--peers", "scripts/peers.json", "--emit", "slurm"];
  const { values } = parse(own, FULL_EVAL_OPTIONS);
  const job: Job = { scene: "room", dataset: "d", model: "/m", source: "/s", flags: [], references: [] };
  const { text, advice } = await clusterJob([job], values, { own, train: [] });
  assertEquals(text.includes("--peers"), false);
  assertMatch(advice, /--peers=\/\S*scripts\/peers\.json --collect$/);
});
