// The notebooks run from a URL, with the flags of the guide: in one program with a stand-in for Deno's kernel, served by
// `make serve` and by Python, and in the kernel itself where Python's nbclient can drive it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { makeDist } from "../../scripts/dist.ts";
import { serveFile } from "../../scripts/serve.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { LONG } from "../support/long.ts";
import {
  type Cell,
  codeOf,
  type Notebook,
  NOTEBOOKS,
  outputsOf,
  programOf,
  readNotebook,
} from "../support/notebook.ts";
import { fenced, page } from "./markdown.ts";

/** Steps of a run: enough to densify, and to see that something is learnt. */
const STEPS = 120;

const HOST = "127.0.0.1:8000";
const NAMES = ["train", "rasterize", "compare"] as const;
const [, COMMAND] = fenced(page("docs/guide/by-url.md"), "sh");

/** What a notebook shows, and prints at its end: images of the width, plots, tables, and the places of progress. */
const EXPECTED: Record<typeof NAMES[number], { png: number; plot: number; html: number; text: RegExp }> = {
  train: { png: 2, plot: 1, html: 2, text: /^35 views to train on, 5 held out, 11350 points\n\d+ Gaussians\n$/ },
  rasterize: { png: 2, plot: 1, html: 0, text: /^2000 Gaussians, PSNR \d+\.\d\d dB\n$/ },
  compare: { png: 1, plot: 1, html: 3, text: /2000 Gaussians: PSNR .+\n12000 Gaussians: PSNR .+\n$/ },
};

/** The notebook with fewer steps, from another host. */
function brief(name: typeof NAMES[number], host: string): Notebook {
  const notebook = readNotebook(name);
  let shortened = 0;
  for (const cell of notebook.cells) {
    const source = cell.source.join("").replaceAll(HOST, host)
      .replace(/^const (iterations|steps) = \d+;/m, (_, length) => (shortened++, `const ${length} = ${STEPS};`));
    cell.source = source.split(/(?<=\n)/);
  }
  assertEquals(shortened, 1, `${name} has one length`);
  return notebook;
}

/** The interpreter that has nbclient, if one has. */
const python = await (async () => {
  for (const program of ["python3", "/usr/bin/python3"]) {
    if (await succeeds(program, ["-c", "import nbclient"])) return program;
  }
})();

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Runs a program to its end, with an empty cache of native libraries, and returns what it printed. */
async function run(
  program: string,
  args: string[],
  { folder, env = {} }: { folder: string; env?: Record<string, string> },
): Promise<string> {
  const denoDir = JSON.parse(
    new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
  ).denoDir;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", TAME_LIBRARY: "", XDG_CACHE_HOME: join(folder, "cache"), DENO_DIR: denoDir, ...env },
    stdout: "piped",
    stderr: "piped",
  }).output();
  assertEquals(code, 0, `${new TextDecoder().decode(stdout).slice(-2000)}${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Runs a notebook with the stand-in and the flags of the guide, and checks what it shows. */
async function runStandIn(name: typeof NAMES[number], host: string, folder: string): Promise<void> {
  const program = join(folder, `${name}.ts`);
  await Deno.writeTextFile(program, programOf(codeOf(brief(name, host))));
  const flags = COMMAND.trim().replaceAll(HOST, host).split(" ").slice(2, -1);
  const printed = await run(Deno.execPath(), ["run", "--no-prompt", "--check", ...flags, program], { folder });
  const { outputs, text } = outputsOf(printed);
  const last = outputs.filter(({ id }, i) => id === undefined || outputs.findLastIndex((o) => o.id === id) === i);
  const count = (type: string) => last.filter(({ data }) => type in data).length;
  const { png, plot, html, text: expected } = EXPECTED[name];
  assertEquals({ png: count("image/png"), plot: count("application/vnd.vegalite.v5+json"), html: count("text/html") }, {
    png,
    plot,
    html,
  });
  assertMatch(text, expected);
  // Something was learnt between the plot's first point and its last.
  const { data } = outputs.find(({ data }) => "application/vnd.vegalite.v5+json" in data)!;
  const { data: { values }, encoding } = data["application/vnd.vegalite.v5+json"] as {
    data: { values: Record<string, number>[] };
    encoding: { y: { field: string } };
  };
  const [first, end] = [values[0], values.at(-1)!].map((row) => row[encoding.y.field]);
  assert(encoding.y.field === "loss" ? end < 0.8 * first : end > first + 1, `${first} to ${end}`);
}

/** Executes a notebook in Deno's kernel, as Jupyter does, and checks that its outputs have come. */
async function runKernel(name: typeof NAMES[number], host: string, folder: string): Promise<void> {
  const kernel = join(folder, "jupyter", "kernels", "deno");
  await Deno.mkdir(kernel, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  await Deno.writeTextFile(join(kernel, "kernel.json"), JSON.stringify({ argv, display_name: "Deno", language: "ts" }));
  await Deno.writeTextFile(join(folder, `${name}.ipynb`), JSON.stringify(brief(name, host)));
  const client = `import nbformat, nbclient
notebook = nbformat.read("${name}.ipynb", 4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="deno").execute()
nbformat.write(notebook, "${name}.ipynb")`;
  await run(python!, ["-c", client], { folder, env: { JUPYTER_PATH: join(folder, "jupyter") } });
  const done: Notebook = JSON.parse(await Deno.readTextFile(join(folder, `${name}.ipynb`)));
  const cells = done.cells.filter((cell): cell is Required<Cell> => cell.cell_type === "code");
  assertEquals(cells.map(({ execution_count }) => execution_count), cells.map((_, i) => i + 1));
  // nbclient leaves out what the kernel sends last of a cell when it comes late, so only the kinds are certain.
  const kinds = new Set(cells.flatMap(({ outputs }) => outputs.flatMap(({ data = {} }) => Object.keys(data))));
  const { html } = EXPECTED[name];
  for (const kind of ["image/png", ...(html === 0 ? [] : ["text/html"])]) assert(kinds.has(kind), kind);
}

/** Python's server of a folder, on a free port; undefined without Python. */
async function pythonServer(folder: string): Promise<{ host: string; process: Deno.ChildProcess } | undefined> {
  if (!await succeeds("python3", ["--version"])) return undefined;
  const args = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder];
  const process = new Deno.Command("python3", { args, stdout: "piped", stderr: "null" }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return { host: `127.0.0.1:${/port (\d+)/.exec(new TextDecoder().decode(value))![1]}`, process };
}

Deno.test({
  name: "the notebooks run from a URL, with the flags of the guide" +
    (libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`),
  ignore: libraryMissing !== undefined || testBackend !== "cpu",
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "tame_notebooks_" });
    const dist = join(folder, "dist");
    await makeDist(dist, fromFileUrl(new URL("../../build", import.meta.url)));
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => serveFile(request, dist),
    );
    const host = `127.0.0.1:${server.addr.port}`;
    const python3 = await pythonServer(dist);
    try {
      for (const name of NAMES) {
        const inKernel = python !== undefined && (LONG || name !== "compare"); // which has nothing of its own there
        await t.step(`${name}, from make serve`, async () => {
          await runStandIn(name, host, await Deno.makeTempDir({ dir: folder }));
        });
        await t.step({
          name: `${name}, in Deno's kernel${
            inKernel ? "" : ` [skipped: ${python ? "TAME_TEST_LONG" : "no nbclient"}]`
          }`,
          ignore: !inKernel,
          fn: async () => await runKernel(name, host, await Deno.makeTempDir({ dir: folder })),
        });
      }
      await t.step({
        name: `train, from Python's http.server${python3 === undefined ? " [skipped: no python3]" : ""}`,
        ignore: python3 === undefined,
        fn: async () => await runStandIn("train", python3!.host, await Deno.makeTempDir({ dir: folder })),
      });
    } finally {
      python3?.process.kill();
      await python3?.process.stdout.cancel();
      await python3?.process.status;
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("notebooks are stored without outputs, and the guide names each", () => {
  const files = [...Deno.readDirSync(NOTEBOOKS)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));
  assertEquals(files.toSorted(), NAMES.map((name) => `${name}.ipynb`).toSorted());
  for (const name of NAMES) {
    for (const { cell_type, outputs, execution_count } of readNotebook(name).cells) {
      if (cell_type === "code") assertEquals([outputs, execution_count], [[], null], name);
    }
    assertStringIncludes(page("docs/guide/notebooks.md"), `../notebooks/${name}.ipynb`);
  }
});

Deno.test("programOf() shows the value of a cell's last statement, and no other", () => {
  const program = programOf(["const a = 1;\na + 1;", "f(\n  a,\n);\nfor (const b of []) {\n  b;\n}"]);
  assertStringIncludes(program, "cell = 0;\nconst a = 1;\nawait kernel.showValue(a + 1);");
  assertStringIncludes(program, "cell = 1;\nf(\n  a,\n);\nfor (const b of []) {\n  b;\n};");
});
