// The two bars: the run's phase and buttons above, its facts below.

import { formatBytes } from "../../base/format.ts";
import type { PageScene, RunAction, Sample, Status } from "../protocol.ts";
import { byId, make, setText } from "./dom.ts";
import { duration, short, whole } from "./format.ts";

/** Milliseconds over which frames are counted. */
const FPS_MS = 2000;

const PHASES: Readonly<Record<Status["phase"] | "lost", string>> = {
  loading: "Loading the capture",
  training: "Training",
  paused: "Paused",
  exporting: "Exporting",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  lost: "Disconnected",
};

/** The bars above and below the viewport. */
export class RunBars {
  #phase: keyof typeof PHASES = "loading";
  #frames: number[] = [];

  /** @param act Called with what a button asks for */
  constructor(act: (action: RunAction) => void) {
    for (const action of ["save", "evaluate"] as const) button(action).addEventListener("click", () => act(action));
    button("pause").addEventListener("click", () => act(this.#phase === "paused" ? "resume" : "pause"));
    button("stop").addEventListener("click", () => {
      if (confirm("Save the Gaussians and end the run?")) act("stop");
    });
  }

  /** Whether the run can be paused or resumed. */
  get running(): boolean {
    return this.#phase === "training" || this.#phase === "paused";
  }

  /** Shows which capture is trained, and where. */
  setScene({ source, device, views }: PageScene): void {
    const name = source.split("/").findLast((part) => part !== "") ?? source;
    document.title = `${name} · tame`;
    const label = byId("source", HTMLElement);
    label.replaceChildren(make("span", "", name));
    const heldOut = views.filter(({ set }) => set === "test").length;
    label.title = `${source}\n${views.length - heldOut} training views, ${heldOut} held out\n${device}`;
  }

  /** Shows the phase. */
  setPhase(phase: keyof typeof PHASES): void {
    if (phase === this.#phase && document.body.dataset.shown === phase) return;
    this.#phase = phase;
    document.body.dataset.phase = phase;
    document.body.dataset.shown = phase;
    setText("phase", PHASES[phase]);
    setText("announce", PHASES[phase]);
    button("pause").textContent = phase === "paused" ? "Resume" : "Pause";
    for (const name of ["pause", "save", "evaluate", "stop"]) button(name).disabled = !this.running;
  }

  /** Shows facts that change with each step. */
  setStatus({ phase, iteration, iterations, remaining, exporting, frameShare, clients }: Status): void {
    this.setPhase(phase);
    const trained = iterations === 0 ? 0 : iteration / iterations;
    byId("progress", HTMLProgressElement).value = exporting?.share ?? trained;
    setText("iteration", iterations === 0 ? "" : `${whole(iteration)} / ${whole(iterations)}`);
    if (exporting !== null) setText("remaining", exportText(exporting));
    else setText("remaining", remaining === null || !this.running ? "" : `${duration(remaining)} left`);
    setText("frame_share", `frames take ${Math.round(100 * frameShare)} % of the run`);
    setText("clients", clients > 1 ? `${clients} pages` : "");
  }

  /** Shows the numbers of a step. */
  setSample({ count, memory, rate }: Sample): void {
    setText("count", `${whole(count)} Gaussians`);
    setText("memory", formatBytes(memory));
    setText("rate", rate === null ? "" : `${short(rate)} it/s`);
  }

  /** Counts a frame, and shows its size and what it took. */
  setFrame({ width, height, milliseconds }: { width: number; height: number; milliseconds: number }): void {
    const now = performance.now();
    this.#frames = [...this.#frames.filter((at) => now - at < FPS_MS), now];
    const fps = Math.round(this.#frames.length / (FPS_MS / 1000));
    setText("frame_facts", `${fps} fps · ${width} × ${height} · ${Math.round(milliseconds)} ms`);
  }
}

/** As `point_cloud.sog, 42 %`. */
function exportText({ file, share }: NonNullable<Status["exporting"]>): string {
  return share === null ? file : `${file}, ${Math.floor(100 * share)} %`;
}

function button(id: string): HTMLButtonElement {
  return byId(id, HTMLButtonElement);
}
