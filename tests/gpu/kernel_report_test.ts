// The build's report of registers and spills: parsing it, and that no kernel of ours spills on any target.
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { kernelTable, parseReport, readKernels, spills } from "../../scripts/kernel_report.ts";

const REPORT = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_ZN4tame3gpu12blend_kernelILb1EEEvNS0_9BlendArgsE' for 'sm_90'
ptxas info    : Function properties for _ZN4tame3gpu12blend_kernelILb1EEEvNS0_9BlendArgsE
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 12292 bytes smem
ptxas info    : Compiling entry function '_ZN4tame3gpu38_GLOBAL__N__e0bc751c_6_knn_cu_26b9657413search_kernelEPKf' for 'sm_80'
ptxas info    : Function properties for _ZN4tame3gpu38_GLOBAL__N__e0bc751c_6_knn_cu_26b9657413search_kernelEPKf
    232 bytes stack frame, 24 bytes spill stores, 28 bytes spill loads
ptxas info    : Used 30 registers, used 0 barriers, 232 bytes cumulative stack size, 480 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN3cub11EmptyKernelIvEEvv' for 'sm_80'
ptxas info    : Function properties for _ZN3cub11EmptyKernelIvEEvv
    8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 4 registers, used 0 barriers
`;

Deno.test("parseReport() reads every kernel when ptxas reports several", () => {
  assertEquals(parseReport(REPORT, "some"), [
    {
      name: "blend_kernel<true>",
      file: "some",
      target: "sm_90",
      ours: true,
      registers: 32,
      stack: 0,
      spillStores: 0,
      spillLoads: 0,
    },
    {
      name: "search_kernel",
      file: "some",
      target: "sm_80",
      ours: true,
      registers: 30,
      stack: 232,
      spillStores: 24,
      spillLoads: 28,
    },
    {
      name: "EmptyKernel",
      file: "some",
      target: "sm_80",
      ours: false,
      registers: 4,
      stack: 8,
      spillStores: 4,
      spillLoads: 4,
    },
  ]);
});

Deno.test("parseReport() names a kernel's template arguments: booleans, numbers of an enumeration, classes", () => {
  const [report] = REPORT.split(/^(?=.*search_kernel)/m);
  for (
    const [mangled, name] of [
      ["_ZN4tame3gpu12blend_kernelILb0EEEvNS0_9BlendArgsE", "blend_kernel<false>"],
      ["_ZN4tame3gpu15optimize_kernelILNS0_4FormE2EEEvNS0_12OptimizeArgsE", "optimize_kernel<Form 2>"],
      ["_ZN4tame3gpu13replay_kernelINS0_12BackwardPassEEEvNS0_9BlendArgsE", "replay_kernel<BackwardPass>"],
      ["_ZN4tame3gpu12probe_kernelEv", "probe_kernel"],
    ]
  ) {
    const text = report.replaceAll("_ZN4tame3gpu12blend_kernelILb1EEEvNS0_9BlendArgsE", mangled);
    assertEquals(parseReport(text, "some")[0].name, name);
  }
});

Deno.test("parseReport() throws when a kernel's lines are cut off", () => {
  assertThrows(() => parseReport(REPORT.split("\n").slice(0, 3).join("\n"), "some"), SyntaxError, "blend_kernel");
});

Deno.test("spills() lists only our kernels when others spill as well", () => {
  const kernels = parseReport(REPORT, "some");
  assertEquals(spills(kernels), ["search_kernel for sm_80: 24 bytes of spill stores, 28 of spill loads"]);
  assertMatch(kernelTable(kernels), /search_kernel +30\+232B SPILLS +-/);
});

const built = readKernels();

Deno.test({
  name: "the CUDA library's own kernels do not spill on any target" +
    (built.length > 0 ? "" : " [skipped: no reports in build/obj/gpu: run make cuda]"),
  ignore: built.length === 0,
  fn() {
    assertEquals(spills(built), []);
  },
});
