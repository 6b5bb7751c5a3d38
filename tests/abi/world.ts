// A small scene made with the raw ABI: one handle of each kind.

import { ABI } from "../../ffi/abi.ts";
import {
  type Arguments,
  call,
  CREATORS,
  type FunctionName,
  type Kind,
  must,
  type Outcome,
  withLengths,
} from "./call.ts";
import { type Item, type Pick, plan, validArguments } from "./valid.ts";

/** A device with Gaussians, set views, a trainer on other Gaussians, and a rasterization; closes all on disposal. */
export class World implements AsyncDisposable {
  readonly items: Map<Kind, Item>;

  private constructor(items: Map<Kind, Item>, readonly trained: Deno.PointerValue) {
    this.items = items;
  }

  static async open(): Promise<World> {
    const items = new Map<Kind, Item>();
    const pick: Pick = (kind) => items.get(kind)!;
    const make = async (name: FunctionName, about: { count: number; shDegree: number }) => {
      const kind = CREATORS[name]!;
      items.set(kind, { kind, pointer: await must(name, validArguments(name, pick)), ...about });
    };
    await make("tame_device_open", { count: 0, shDegree: 0 });
    await make("tame_views_create", { count: 2, shDegree: 0 });
    for (const index of [0, 1]) await must("tame_views_set", { ...validArguments("tame_views_set", pick), index });
    await make("tame_gaussians_create", { count: 2, shDegree: 1 });
    const trained = pick("gaussians").pointer;
    await fill(pick);
    await make("tame_trainer_create", { count: 2, shDegree: 1 });
    await make("tame_gaussians_create", { count: 2, shDegree: 1 });
    await fill(pick);
    await make("tame_rasterize_forward", { count: 2, shDegree: 1 });
    await make("tame_lpips_create", { count: 0, shDegree: 0 });
    return new World(items, trained);
  }

  readonly pick: Pick = (kind) => this.items.get(kind)!;

  /** A handle of a kind. */
  pointer(kind: Kind): Deno.PointerValue {
    return this.pick(kind).pointer;
  }

  /** Valid arguments of a function on this world's handles. */
  arguments(name: FunctionName): Arguments {
    return validArguments(name, this.pick);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await call("tame_gaussians_close", { gaussians: this.trained });
    for (const { kind, pointer } of this.items.values()) {
      await call(`tame_${kind}_close`, { [kind]: pointer });
    }
  }
}

async function fill(pick: Pick): Promise<void> {
  await must("tame_gaussians_resize", validArguments("tame_gaussians_resize", pick));
  await must("tame_gaussians_upload", validArguments("tame_gaussians_upload", pick));
}

/** Starts a long run on the world's trainer and waits for its first step; the returned function stops it. */
export async function longRun(world: World): Promise<() => Promise<Outcome>> {
  const n = 200_000;
  const control = new Int32Array(ABI.CONTROL_LOSSES + n);
  const running = call(
    "tame_trainer_run",
    withLengths("tame_trainer_run", { trainer: world.pointer("trainer"), ...plan(n, { views: 2 }), control }),
  );
  while (Atomics.load(control, ABI.CONTROL_DONE) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return () => {
    Atomics.store(control, ABI.CONTROL_STOP, 1);
    return running;
  };
}
