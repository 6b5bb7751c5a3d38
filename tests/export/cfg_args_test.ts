// cfg_args: Python text both ways, and a clear error for anything else.
import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { formatCfgArgs } from "../../export/cfg_args.ts";
import { type CfgArgs, parseCfgArgs } from "../../load/cfg_args.ts";

const values: CfgArgs = {
  data_device: "cuda",
  eval: true,
  images: "images_4",
  model_path: '/tmp/it\'s a "model"\\here\nand\x01there é 🙂',
  resolution: -1,
  sh_degree: 3,
  source_path: "/data/it's",
  depths: null,
  scale: 1.5e-7,
  white_background: false,
};

Deno.test("parseCfgArgs() returns what formatCfgArgs() wrote", () => {
  assertEquals(parseCfgArgs(formatCfgArgs(values), "cfg_args"), values);
});

Deno.test("formatCfgArgs() writes what Python's repr writes", () => {
  assertEquals(
    formatCfgArgs({ data_device: "cuda", eval: true, model_path: "it's", resolution: -1, depths: null, s: "a\\b\n" }),
    `Namespace(data_device='cuda', eval=True, model_path="it's", resolution=-1, depths=None, s='a\\\\b\\n')`,
  );
});

Deno.test("parseCfgArgs() reads any order, quotes, escapes, spacing and unknown names", () => {
  assertEquals(
    parseCfgArgs(
      ` Namespace( b = "x\\'y" , a='\\x41\\u00e9\\U0001F642', train_test_exp=False, f=-.5e2,) \n`,
      "cfg_args",
    ),
    { b: "x'y", a: "Aé🙂", train_test_exp: false, f: -50 },
  );
  assertEquals(parseCfgArgs("Namespace()", "cfg_args"), {});
});

Deno.test("parseCfgArgs() throws with file and place when the text is anything else", () => {
  const cases: [string, string][] = [
    ["", "byte 0"],
    ["{}", "byte 0"],
    ["Namespace(a=1", "byte 13"],
    ["Namespace(a=1 b=2)", "byte 14"],
    ["Namespace(a)", '"="'],
    ["Namespace(a=__import__('os'))", "a string, a number"],
    ["Namespace(a='x", "closing '"],
    ["Namespace(a='\\q')", "escape"],
    ["Namespace(a='\\xZZ')", "escape"],
    ["Namespace(a='\\U00110000')", "escape"],
    ["Namespace(a=1) + 1", "nothing after"],
  ];
  for (const [text, words] of cases) {
    const error = assertThrows(() => parseCfgArgs(text, "model/cfg_args"), DataError, words);
    assertEquals(error.path, "model/cfg_args");
  }
});
