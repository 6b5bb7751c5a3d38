// Random call sequences, 10 000 in the long form: random functions on live, stale and garbage handles, with random lengths and numbers.
// Every call returns a known status, and the process does not crash.
import { assert, assertEquals } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { repetitions } from "../support/long.ts";
import { headerFunctions } from "./header.ts";
import { abiTest, type Argument, type Arguments, call, CREATORS, FUNCTIONS, type Kind } from "./call.ts";
import { type Item, text, validArguments } from "./valid.ts";

const SEQUENCES = repetitions(10_000);
const CALLS = 10; // at most per sequence
const MAX_LIVE = 4; // per kind
const MAX_DEVICES = 2; // few, so that Gaussians and views often share one

/** Mulberry32 (public domain, Tommy Ettinger): a small generator, good enough to choose arguments. */
function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = [0, 1, 2, 3, 4, 5, 7, 8, 11, 15, 16, 17, 63, 64, 65, 1000, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF];
const FLOATS = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-45, 1e-20, 3e38, -3e38, 1e6, 88.8];

/** Parts of expressions, valid and invalid. */
const OPERANDS = [
  ...["0", "1", "2", "3", "0.5", "1e30", "-1", ".", "1e999", "0 / 0"],
  ...["score", "means.2", "log_scales.0", "quats.4", "means", "opacities_m", "used_opacity", "visible_steps"],
  ...["gradient_sum", "chosen", "drawn", "nobody", "transform", "\u00e9", "\0", "("],
];
const OPERATORS = ["|", "&", "<", "<=", "==", "!=", "+", "-", "*", "/", ",", " ", ""];
const CALLS_OF = ["-", "!", "min", "max", "exp", "log", "sqrt", "abs", "floor", "sigmoid", "logit", "choose", "fine"];
/** Expressions for row kinds with which the valid edit changes rows. */
const EDITS = ["1", "3", "means.2 > 2.5", "3 * (means.2 > 2.5)", "2 * (means.2 > 2.5)"];
/** Functions that create or edit rows. */
const ROWS = ["tame_gaussians_resize", "tame_trainer_create", "tame_trainer_edit_rows"] as const;
const COLUMNS = ["chosen", "drawn", "score", "opacities", "used_opacity", "means.0", "visible_steps", "quats", "", "0"];

class Fuzzer {
  readonly #random: () => number;
  readonly live = new Map<Kind, Item[]>();
  readonly stale: Item[] = [];
  readonly statuses = new Map<number, number>();
  /** Number of edits that changed the number of rows. */
  edits = 0;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  async step(): Promise<void> {
    const name = this.#function();
    const args = this.#arguments(name);
    const { status, pointer } = await call(name, args);
    const where = `${name}(${Deno.inspect(args, { iterableLimit: 4 })})`;
    assert(status >= ABI.OK && status <= ABI.INTERNAL, `${where} returned ${status}`);
    assert(status !== ABI.INTERNAL, `${where} met an internal error`);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (pointer !== null) this.#keep(name, args, pointer);
    if (status === ABI.OK && name.endsWith("_close")) this.#retire(args);
    if (status === ABI.OK && name === "tame_gaussians_resize") this.#resize(args);
    if (status === ABI.OK && name === "tame_trainer_edit_rows") this.#edit(args);
    if (status === ABI.OK && name === "tame_trainer_set_progress") this.#restore(args);
  }

  async closeAll(): Promise<void> {
    for (const [kind, items] of this.live) {
      for (const { pointer } of items) {
        assertEquals((await call(`tame_${kind}_close`, { [kind]: pointer })).status, ABI.OK);
      }
    }
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)];
  }

  #function() {
    // Functions of ROWS more often, otherwise few trainers would have rows.
    if (this.#below(4) === 0) return this.#one(ROWS);
    // Closing functions half as often as the others, otherwise few handles would stay open.
    const name = this.#one(FUNCTIONS);
    return name.endsWith("_close") && this.#below(2) === 0 ? this.#one(FUNCTIONS) : name;
  }

  #pick(kind: Kind): Item {
    const items = this.live.get(kind) ?? [];
    const nobody = { kind, pointer: null, count: 1, shDegree: 0 };
    if (items.length > 0 && this.#below(20) > 0) return this.#one(items);
    switch (this.#below(4)) {
      case 0:
        return this.stale.length > 0 ? { ...this.#one(this.stale), kind } : nobody;
      case 1: { // a live handle of any kind
        const others = [...this.live.values()].flat();
        return others.length > 0 ? this.#one(others) : nobody;
      }
      case 2: { // an address, mostly in the range of handles
        const bits = BigInt(this.#below(2 ** 31)) << BigInt(this.#below(20));
        return { ...nobody, pointer: Deno.UnsafePointer.create(bits) };
      }
      default:
        return nobody;
    }
  }

  #arguments(name: (typeof FUNCTIONS)[number]): Arguments {
    const args = validArguments(name, (kind) => this.#pick(kind));
    if (name === "tame_trainer_edit_rows") {
      const kinds = text(this.#one(EDITS));
      Object.assign(args, { kinds, kinds_length: kinds.length });
    }
    const names = Object.keys(args);
    for (let changes = this.#below(3); changes > 0 && names.length > 0; changes--) {
      const parameter = this.#one(names);
      args[parameter] = this.#change(name, parameter, args);
    }
    return args;
  }

  // A length is never longer than its buffer: no library can detect that.
  #change(name: (typeof FUNCTIONS)[number], parameter: string, args: Arguments): Argument {
    const old = args[parameter];
    const type = headerFunctions.get(name)!.parameters.find((one) => one.name === parameter)!.type;
    if (/_(length|bytes)$/.test(parameter)) return this.#below(Number(old) + 1);
    if (type === "u64") return BigInt(this.#one(WORDS));
    if (type === "f32") return this.#one(FLOATS);
    if (typeof old === "number") return this.#one(WORDS);
    if (type !== "buffer" || old === null) return old;
    if (this.#below(8) === 0) return null;
    if (old instanceof Uint8Array && `${parameter}_length` in args) {
      const words = parameter === "column" ? this.#one(COLUMNS) : this.#expression(this.#below(4));
      args[`${parameter}_length`] = text(words).length;
      return text(words);
    }
    // The memory limit stays: without one, a capacity of 2^28 is a valid request.
    const first = name === "tame_device_open" ? [0, 1, 6] : undefined;
    this.#spoil(old as ArrayBufferView<ArrayBuffer>, first);
    return old;
  }

  #expression(levels: number): string {
    if (levels === 0) return this.#one(OPERANDS);
    const more = () => this.#expression(levels - 1);
    switch (this.#below(4)) {
      case 0:
        return `${this.#one(CALLS_OF)}(${Array.from({ length: 1 + this.#below(3) }, more).join()})`;
      case 1:
        return "(".repeat(this.#below(80)) + more() + ")".repeat(this.#below(80));
      default:
        return `${more()} ${this.#one(OPERATORS)} ${more()}`;
    }
  }

  #spoil(view: ArrayBufferView<ArrayBuffer>, only: number[] | undefined): void {
    if (view.byteLength < 4 || view.byteLength % 4 !== 0) return;
    const data = new DataView(view.buffer, view.byteOffset, view.byteLength);
    for (let times = 1 + this.#below(3); times > 0; times--) {
      const at = 4 * (only ? this.#one(only) : this.#below(view.byteLength / 4));
      if (this.#below(2) === 0) data.setFloat32(at, this.#one(FLOATS), true);
      else data.setUint32(at, this.#one(WORDS), true);
    }
  }

  #keep(name: (typeof FUNCTIONS)[number], args: Arguments, pointer: Deno.PointerValue): void {
    const kind = CREATORS[name]!;
    const trained = this.live.get("gaussians")?.find((item) => item.pointer === args.gaussians);
    const count = kind === "trainer" ? trained?.count ?? 0 : kind === "gaussians" ? 0 : Number(args.count ?? 0);
    const items = this.live.get(kind) ?? [];
    items.push({ kind, pointer, count, shDegree: Number(args.sh_degree ?? 0) });
    this.live.set(kind, items);
  }

  #retire(args: Arguments): void {
    for (const items of this.live.values()) {
      const index = items.findIndex((item) => Object.values(args).some((value) => same(value, item.pointer)));
      if (index >= 0) this.stale.push(...items.splice(index, 1));
    }
    this.stale.splice(0, this.stale.length - 50);
  }

  #resize(args: Arguments): void {
    const item = this.live.get("gaussians")?.find(({ pointer }) => same(args.gaussians, pointer));
    if (item) item.count = Number(args.count);
  }

  #edit(args: Arguments): void {
    const item = this.live.get("trainer")?.find(({ pointer }) => same(args.trainer, pointer));
    const [count] = args.count as Uint32Array;
    if (count !== item?.count) this.edits++;
    if (item) item.count = count;
  }

  #restore(args: Arguments): void {
    const item = this.live.get("trainer")?.find(({ pointer }) => same(args.trainer, pointer));
    if (item) item.count = new DataView((args.progress as Uint8Array<ArrayBuffer>).buffer).getUint32(4, true);
  }

  /** Closes some handles if many are open. */
  async trim(): Promise<void> {
    for (const [kind, items] of this.live) {
      while (items.length > (kind === "device" ? MAX_DEVICES : MAX_LIVE)) {
        const [item] = items.splice(this.#below(items.length), 1);
        assertEquals((await call(`tame_${kind}_close`, { [kind]: item.pointer })).status, ABI.OK);
        this.stale.push(item);
      }
    }
  }

  /** Number of calls in the next sequence. */
  length(): number {
    return 1 + this.#below(CALLS);
  }
}

function same(value: Argument, pointer: Deno.PointerValue): boolean {
  return value !== null && typeof value === "object" && !ArrayBuffer.isView(value) &&
    Deno.UnsafePointer.equals(value as Deno.PointerObject, pointer);
}

abiTest(`the ABI survives ${SEQUENCES} random call sequences with a known status each`, async () => {
  const fuzzer = new Fuzzer(20_26);
  for (let i = 0; i < SEQUENCES; i++) {
    for (let calls = fuzzer.length(); calls > 0; calls--) await fuzzer.step();
    await fuzzer.trim();
  }
  await fuzzer.closeAll();
  // The sequences must reach the code behind the argument checks.
  const ok = fuzzer.statuses.get(ABI.OK) ?? 0;
  assert(ok > SEQUENCES / 2, `Only ${ok} calls succeeded`);
  assert(fuzzer.edits > SEQUENCES / 100, `Only ${fuzzer.edits} edits changed the number of rows`);
});
