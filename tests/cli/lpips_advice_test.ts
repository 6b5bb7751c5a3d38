// Where LPIPS weights are missed, the commands that get them are printed, and these are commands.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parse } from "../../cli/argv.ts";
import { run as convert } from "../../cli/convert.ts";
import { UsageError } from "../../cli/errors.ts";
import { LPIPS_ADVICE, LPIPS_COMMANDS } from "../../cli/lpips_advice.ts";
import { CONVERT_OPTIONS } from "../../cli/options.ts";
import { commands, fenced, page } from "../docs/markdown.ts";
import { withFolder } from "../load/fixtures.ts";
import { libraryMissing } from "../support/device.ts";
import { ended, start } from "../support/process.ts";

Deno.test("the commands that get LPIPS weights are those of docs/lpips.md, and a shell runs them", async () => {
  const text = page("docs/lpips.md");
  assertStringIncludes(text, `${LPIPS_COMMANDS.join("\n")}\n\`\`\``);
  assertEquals(fenced(text, "sh").flatMap(commands), [], "the page's commands need what a test does not have");
  await withFolder(async (folder) => {
    // Programs that say how they are called; python3 prints the folder that it is asked for.
    const programs = {
      python3: 'case "$*" in *print*) echo "/a b";; esac',
      deno: 'for argument; do echo "$argument"; done > "$CALLED"',
    };
    for (const [name, body] of Object.entries(programs)) {
      await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    }
    const called = join(folder, "called");
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-ec", [...LPIPS_COMMANDS, 'echo "$TAME_LPIPS"'].join("\n")],
      cwd: folder,
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, CALLED: called },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stdout), `${join(folder, "lpips_vgg.bin")}\n`);
    const [task, verb, ...argv] = (await Deno.readTextFile(called)).trimEnd().split("\n");
    const { values, positionals } = parse(argv, CONVERT_OPTIONS, { positionals: 1 });
    assertEquals([task, verb, positionals[0], values.output], ["task", "convert", "lpips", "lpips_vgg.bin"]);
    assertEquals(values.backbone, "/a b/checkpoints/vgg16-397923af.pth");
    assertEquals(values.linear, "/a b/weights/v0.1/vgg.pth");
  });
});

Deno.test("convert lpips prints the commands when a file is not given", async () => {
  const error = await assertRejects(() => convert(["lpips", "--backbone", "vgg16.pth"]), UsageError);
  assertEquals(error.message, `Missing --linear. ${LPIPS_ADVICE}`);
});

Deno.test({
  name: `metrics prints the commands when a named file of weights is not there${
    libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`
  }`,
  ignore: libraryMissing !== undefined,
  async fn() {
    await withFolder(async (folder) => {
      const metrics = (args: string[], env: Record<string, string>) =>
        ended(start("cli.ts", ["metrics", "-m", folder, "--backend", "cpu", ...args], { cwd: folder, env }));
      const nothing = await metrics([], { TAME_LPIPS: "" });
      assert(!(nothing.stdout + nothing.stderr).includes("LPIPS"), "nothing is scored");
      const path = join(folder, "none.bin");
      for (
        const [args, env, name] of [[["--lpips", "none.bin"], {}, "--lpips"], [
          [],
          { TAME_LPIPS: path },
          "TAME_LPIPS",
        ]] as const
      ) {
        const { code, stderr } = await metrics([...args], env);
        assertEquals(code, 2);
        assert(stderr.includes(`Error: There is no file ${path}, which ${name} names. ${LPIPS_ADVICE}\n`), stderr);
      }
    });
  },
});
