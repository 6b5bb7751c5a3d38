// The build's report of registers and spills: parsing it, that no kernel of ours spills on any target, and what blocks
// fit a multiprocessor.
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTable, occupancyTable } from "../../scripts/kernel_report.ts";
import {
  constantsOf,
  evaluate,
  parseLaunchBounds,
  readLaunchBounds,
  threadsOf,
} from "../../scripts/kernel_report/launch_bounds.ts";
import { occupancy } from "../../scripts/kernel_report/occupancy.ts";
import { type Kernel, parseReport, readKernels, spills } from "../../scripts/kernel_report/ptxas.ts";

const SOURCES = fromFileUrl(new URL("../../cuda/gpu", import.meta.url));

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
      shared: 12292,
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
      shared: 0,
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
      shared: 0,
      stack: 8,
      spillStores: 4,
      spillLoads: 4,
    },
  ]);
});

Deno.test("parseReport() names a kernel's template arguments: booleans, integers, numbers of an enumeration, classes", () => {
  const [report] = REPORT.split(/^(?=.*search_kernel)/m);
  for (
    const [mangled, name] of [
      ["_ZN4tame3gpu12blend_kernelILb0EEEvNS0_9BlendArgsE", "blend_kernel<false>"],
      ["_ZN4tame3gpu11adam_kernelILNS0_4FormE2EEEvNS0_12OptimizeArgsE", "adam_kernel<Form 2>"],
      ["_ZN4tame3gpu21lpips_convolve_kernelILi64EEEvNS0_17LpipsConvolveArgsE", "lpips_convolve_kernel<64>"],
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

Deno.test("threadsOf() evaluates launch bounds, also of a template's parameter", () => {
  const text = `
    constexpr int kTile = core::kTile, kPixels = kTile * kTile; // constexpr int kPixels = 1;
    constexpr uint32_t kRun = kPixels / 4;
    #if defined(SMALL)
    constexpr int kBlocks = 1;
    #else
    constexpr int kBlocks = 2;
    #endif
    template <typename Pass>
    __global__ void __launch_bounds__(kPixels, Pass::kBlocks) blend_kernel(Args a) {
    template <int kOutputs>
    static __global__ void __launch_bounds__(2 * kOutputs, kOutputs == 64 ? 3 : 2)
        convolve_kernel(Args a) {
    __global__ void __launch_bounds__(kRun) sort_kernel(Args a) {
    __global__ void __launch_bounds__(kBlocks) chosen_kernel(Args a) {
    __global__ void __launch_bounds__(max(1, 2)) called_kernel(Args a) {
    __global__ void free_kernel(Args a) {`;
  const bounds = parseLaunchBounds(text, new Map([...constantsOf(text), ["kTile", new Set(["16"])]]));
  const threads = (name: string) => threadsOf(name, bounds);
  assertEquals(threads("blend_kernel<true>"), 256);
  assertEquals([threads("convolve_kernel<64>"), threads("convolve_kernel<128>")], [128, 256]);
  assertEquals([threads("sort_kernel"), threads("free_kernel")], [64, undefined]);
  assertThrows(() => threads("chosen_kernel"), SyntaxError, "kBlocks has 2 values");
  assertThrows(() => evaluate("kTile + 1", new Map()), SyntaxError, '"kTile + 1": not a product');
});

Deno.test("every launch of a kernel with launch bounds has as many threads as they say", () => {
  const bounds = readLaunchBounds();
  const launched = new Set<string>();
  for (const { name } of [...Deno.readDirSync(SOURCES)].filter(({ name }) => name.endsWith(".cu"))) {
    const text = Deno.readTextFileSync(`${SOURCES}/${name}`);
    for (const [, kernel, launch] of text.matchAll(/(\w+_kernel(?:<\w+>)?)<<<([^;]*?)>>>/g)) {
      const threads = threadsOf(kernel, bounds);
      if (threads === undefined) continue;
      launched.add(kernel);
      const { constants } = bounds.find((one) => kernel.startsWith(one.kernel))!;
      assertEquals(evaluate(launch.split(",").at(-3)!.trim(), constants), threads, `${kernel} in ${name}`);
    }
  }
  for (const kernel of ["project_kernel", "scan_kernel", "emit_kernel", "sort_tiles_kernel", "blend_kernel<true>"]) {
    assert(launched.has(kernel), `no launch of ${kernel} found`);
  }
  assertEquals(threadsOf("replay_kernel<BackwardPass>", bounds), 256);
  assertEquals(threadsOf("adam_kernel<Form 0>", bounds), 128);
});

Deno.test("occupancy() takes the least of registers, shared memory, warps and blocks", () => {
  const of = (target: string, registers: number, shared: number, threads: number) =>
    occupancy({ target, registers, shared } as Kernel, threads);
  // 65 536 / (80 · 32) = 25 warps, 6 in each of the four partitions: 3 blocks of 8.
  assertEquals(of("sm_120", 80, 0, 256), { blocks: 3, share: 0.5, limit: "registers" });
  assertEquals(of("sm_90", 64, 0, 256), { blocks: 4, share: 0.5, limit: "registers" });
  // 33 registers take the space of 40: units of 256 for each warp.
  assertEquals(of("sm_90", 33, 0, 1024), { blocks: 1, share: 0.5, limit: "registers" });
  // Three of 32 KiB with 1 KiB reserved each take 99 of 100 KiB, and one of 24 576 + 1 a unit of 128 more.
  assertEquals(of("sm_86", 32, 32 * 1024, 256), { blocks: 3, share: 0.5, limit: "shared memory" });
  assertEquals(of("sm_89", 32, 24 * 1024 + 1, 256), { blocks: 3, share: 0.5, limit: "shared memory" });
  assertEquals(of("sm_80", 32, 0, 256), { blocks: 8, share: 1, limit: "warps" });
  assertEquals(of("sm_86", 16, 0, 32), { blocks: 16, share: 1 / 3, limit: "blocks" });
  assertEquals(of("sm_75", 16, 0, 32), undefined);
});

Deno.test("occupancyTable() has a line for each kernel of ours with launch bounds", () => {
  const bounds = parseLaunchBounds("__global__ void __launch_bounds__(256, 4) blend_kernel(Args a) {", new Map());
  const table = occupancyTable(parseReport(REPORT, "some"), bounds);
  assertMatch(table, /^kernel +threads +shared +sm_90\nblend_kernel<true> +256 +12292 +8 100% warps\nThreads/);
});

const built = readKernels();
const missing = built.length > 0 ? "" : " [skipped: no reports in build/obj/gpu: run make cuda]";

Deno.test({
  name: `the CUDA library's own kernels do not spill on any target${missing}`,
  ignore: built.length === 0,
  fn() {
    assertEquals(spills(built), []);
  },
});

Deno.test({
  name: `as many blocks of the blend and its replay are resident as cuda/gpu/config.h says${missing}`,
  ignore: built.length === 0,
  fn() {
    const bounds = readLaunchBounds();
    const least = (name: string, target: string) =>
      name === "replay_kernel<BackwardPass>" ? target === "sm_90" ? 4 : 3 : ["sm_86", "sm_89"].includes(target) ? 4 : 5; // the forward blend
    const kernels = built.filter(({ name }) => /^(blend_kernel<|replay_kernel<BackwardPass>)/.test(name));
    assert(kernels.length > 0);
    for (const kernel of kernels) {
      const { name, target } = kernel;
      const resident = occupancy(kernel, threadsOf(name, bounds)!);
      if (resident !== undefined) assert(resident.blocks >= least(name, target), `${name} on ${target}`);
    }
  },
});
