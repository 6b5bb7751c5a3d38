// The viewer of a run: takes the run's events, and steers it by its controller, on behalf of the pages that are open.

import type { Scene, View } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Color } from "../ffi/rasterizer.ts";
import type { TrainController } from "../train/controller.ts";
import type { TrainEvent } from "../train/events.ts";
import { centresMessage } from "./centres.ts";
import { Client, type ClientHandler, type Socket } from "./client.ts";
import { Frames, MOST_FRAME_PIXELS } from "./frames.ts";
import { History } from "./history.ts";
import { pageScene, pageViews } from "./page_scene.ts";
import { Photos } from "./photos.ts";
import type { PageScene, Phase, RunAction, ServerMessage, Status } from "./protocol.ts";
import { Requests } from "./requests.ts";
import { Thumbnails } from "./thumbnails.ts";

/** Pages that may be open at once. */
export const MOST_CLIENTS = 8;

/** Milliseconds between two messages about the status. */
const STATUS_MS = 250;

/** Milliseconds between two messages with centres while the run computes, and between two log lines about pages. */
const PATIENCE_MS = 1000;

/** Milliseconds that the last messages may take on their way. */
const FAREWELL_MS = 1000;

/** A run whose capture is loaded. */
export interface WatchedRun {
  scene: Scene;
  /** Number of iterations of the run; at most, if `maxSeconds` has yet to decide. */
  iterations: number;
  /** Background of the renders. */
  background: Color;
  /** Where it computes, and why, in one line. */
  device: string;
}

/** What a run has once its capture is loaded. */
interface Watched {
  iterations: number;
  views: readonly View[];
  scene: PageScene;
  sceneText: string;
  frames: Frames;
  photos: Photos;
  thumbnails: Thumbnails;
}

/** Shows a run to any number of pages. */
export class Viewer implements ClientHandler {
  readonly #controller: TrainController;
  readonly #now: () => number;
  readonly #clients = new Set<Client>();
  readonly #asksForCentres = new Set<Client>();
  readonly #history: History;
  readonly #requests: Requests;
  /** Tells a page that comes back whether this is still the run that it shows. */
  readonly #id = crypto.randomUUID();
  #run: Watched | undefined;
  #phase: Phase = "loading";
  #iteration = 0;
  #gaussians: Gaussians | undefined;
  #exporting: Status["exporting"] = null;
  #told = -Infinity;
  #centresSent = -Infinity;
  #dropNoted = -Infinity;
  /** Whether the run computes nothing, so that frames are rendered when pages ask for them. */
  #idle = false;
  /** Whether a page has sent something since work was last looked for. */
  #woken = false;
  #serving: Promise<void> | undefined;

  /**
   * @param controller That of the run
   * @param now Time in milliseconds
   */
  constructor(controller: TrainController, now: () => number = () => performance.now()) {
    this.#controller = controller;
    this.#now = now;
    this.#history = new History((name, set) => this.#indexOf(name, set), now);
    this.#requests = new Requests(now);
  }

  /** What the page needs of the capture, as JSON; undefined until it is loaded. */
  get scene(): string | undefined {
    return this.#run?.sceneText;
  }

  /** The photos of the capture; undefined until it is loaded. */
  get photos(): Photos | undefined {
    return this.#run?.photos;
  }

  /** The capture is loaded, training begins. */
  begin({ scene, iterations, background, device }: WatchedRun): void {
    const views = pageViews(scene);
    const { near, coverage } = scene.train[0].camera;
    const shown = pageScene(scene, device);
    this.#run = {
      iterations,
      views,
      scene: shown,
      sceneText: JSON.stringify(shown),
      frames: new Frames({ background, camera: { near, coverage } }, this.#now),
      photos: new Photos(views, background),
      thumbnails: new Thumbnails(views, background, this.#now),
    };
    for (const message of scene.notices ?? []) this.#history.note({ iteration: 0, kind: "notice", text: message });
    for (const client of this.#clients) this.#greet(client);
  }

  /** Takes an event of the run, and renders what is due. It throws nothing: a run does not depend on its viewers. */
  async event(event: TrainEvent): Promise<void> {
    this.#idle = false;
    await this.#serving;
    this.#iteration = event.iteration;
    this.#gaussians = event.gaussians;
    if (this.#run !== undefined) {
      if ((event.type === "plan" || event.type === "iterations") && event.timePlan !== null) {
        this.#run.iterations = event.timePlan.iterations;
      }
      if (event.type === "plan") {
        this.#run.frames.mostPixels = event.plan.renderPixels ?? MOST_FRAME_PIXELS;
        this.#run.frames.mostPairs = event.plan.renderPairs;
      }
    }
    const phase = phaseAfter(event) ?? this.#phase;
    const changed = phase !== this.#phase;
    this.#phase = phase;
    for (const message of this.#history.add(event)) this.#tell(message);
    this.#tellStatus({ now: changed });
    if (event.type === "save" || event.type === "warning") this.#requests.done("save");
    if (event.type === "evaluate" || event.type === "warning") this.#requests.done("evaluate");
    if (event.type === "evaluate") this.#run?.thumbnails.want(this.#history.worst.map(({ view }) => view));
    if (event.type === "done") {
      for (let left = this.#clients.size; left > 0 && await this.#work(); left--);
      this.#gaussians = undefined; // the caller's to dispose
      return;
    }
    await this.#work();
    this.#idle = phase === "paused";
    if (this.#idle) this.wake();
  }

  /** The run has finished, and a file is exported; `share` of it is done, null while that is unknown. */
  exporting(file: string, share: number | null): void {
    const changed = this.#exporting?.file !== file;
    this.#phase = "exporting";
    this.#exporting = { file, share };
    this.#tellStatus({ now: changed });
  }

  /** The run is over. Resolves when the pages have been told. */
  async end(): Promise<void> {
    this.#idle = false;
    await this.#serving;
    this.#gaussians = undefined;
    if (this.#phase === "exporting") this.#phase = "finished";
    if (this.#phase !== "finished" && this.#phase !== "stopped") this.#phase = "failed";
    this.#exporting = null;
    this.#tellStatus({ now: true });
    const limit = this.#now() + FAREWELL_MS;
    const waiting = () => [...this.#clients].some((client) => client.waiting > 0);
    while (waiting() && this.#now() < limit) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }

  /** Adds a page; undefined if too many are open. */
  connect(socket: Socket): Client | undefined {
    if (this.#clients.size >= MOST_CLIENTS) return undefined;
    const client = new Client(socket, this, this.#now);
    this.#clients.add(client);
    this.#greet(client);
    this.#tellStatus({ now: true });
    return client;
  }

  /** Removes a page. */
  disconnect(client: Client): void {
    client.lost();
    this.#asksForCentres.delete(client);
    if (this.#clients.delete(client)) this.#tellStatus({ now: true });
  }

  message(client: Client, message: { type: "control"; action: RunAction } | { type: "centres" }): void {
    if (message.type === "centres") this.#asksForCentres.add(client);
    else this.#control(client, message.action);
    this.wake();
  }

  /** Steers the run while it trains, or is paused: before, nobody could see that it stands still. */
  #control(client: Client, action: RunAction): void {
    if (this.#phase !== "training" && this.#phase !== "paused") return;
    if (this.#requests.allows(action)) this.#controller[action]();
    else client.send({ type: "problem", text: `Asked again too soon: the run has just been asked to ${action}` });
  }

  wake(): void {
    this.#woken = true;
    if (this.#idle) this.#serving ??= this.#serve();
  }

  dropped(client: Client, reason: string): void {
    this.disconnect(client);
    if (this.#now() - this.#dropNoted < PATIENCE_MS) return; // the log is for the run
    this.#dropNoted = this.#now();
    const text = `A page was disconnected: ${reason}`;
    this.#tell(this.#history.note({ iteration: this.#iteration, kind: "notice", text }));
  }

  /** Renders while the run is paused, until nothing is due, and nothing has come meanwhile that may be. */
  async #serve(): Promise<void> {
    try {
      let worked = true;
      while (this.#idle && (worked || this.#woken)) {
        this.#woken = false;
        worked = await this.#work();
      }
    } finally {
      this.#serving = undefined; // at once: a wake after the last look at what is due must not be lost
    }
  }

  /** Renders one frame and one thumbnail, if they are due; returns whether one was. */
  async #work(): Promise<boolean> {
    if (this.#clients.size === 0 || this.#run === undefined || this.#gaussians === undefined) return false;
    const { frames, thumbnails } = this.#run;
    const gaussians = this.#gaussians;
    const rendered = await frames.render(this.#clients, gaussians, {
      iteration: this.#iteration,
      paused: this.#phase !== "training",
    });
    if (![...this.#clients].some(({ wish }) => wish !== undefined)) return rendered;
    const start = this.#now();
    try {
      this.#sendCentres(gaussians);
      const drawn = await thumbnails.render(gaussians, this.#iteration, (message) => this.#tellBinary(message));
      return rendered || drawn;
    } catch (error) {
      this.#tell({ type: "problem", text: error instanceof Error ? error.message : String(error) });
      return rendered;
    } finally {
      frames.pace.spent(this.#now() - start);
    }
  }

  #sendCentres(gaussians: Gaussians): void {
    const early = !this.#idle && this.#now() - this.#centresSent < PATIENCE_MS;
    if (this.#asksForCentres.size === 0 || early) return;
    this.#centresSent = this.#now();
    const asking = [...this.#asksForCentres];
    this.#asksForCentres.clear();
    const message = centresMessage(gaussians, this.#iteration);
    for (const client of asking) client.sendBinary(message);
  }

  #greet(client: Client): void {
    const { samples, scores, log, worst } = this.#history;
    const { scene, thumbnails } = this.#run ?? {};
    const past = { samples, scores, log, worst };
    client.send({ type: "hello", run: this.#id, scene: scene !== undefined, status: this.#status(), ...past });
    for (const message of thumbnails?.messages() ?? []) client.sendBinary(message);
  }

  #tell(message: ServerMessage): void {
    for (const client of [...this.#clients]) client.send(message);
  }

  #tellBinary(message: Uint8Array<ArrayBuffer>): void {
    for (const client of [...this.#clients]) client.sendBinary(message);
  }

  #tellStatus({ now: atOnce }: { now: boolean }): void {
    if (this.#clients.size === 0 || !atOnce && this.#now() - this.#told < STATUS_MS) return;
    this.#told = this.#now();
    this.#tell({ type: "status", status: this.#status() });
  }

  #status(): Status {
    const { rate } = this.#history;
    const iterations = this.#run?.iterations ?? 0;
    const left = iterations - this.#iteration;
    return {
      phase: this.#phase,
      iteration: this.#iteration,
      iterations,
      remaining: rate === null || rate === 0 ? null : left / rate,
      exporting: this.#exporting,
      frameShare: this.#run?.frames.pace.share() ?? 0,
      clients: this.#clients.size,
    };
  }

  #indexOf(name: string, set: "test" | "train"): number {
    return this.#run?.scene.views.findIndex((view) => view.name === name && view.set === set) ?? -1;
  }
}

/** The phase that an event begins. */
function phaseAfter(event: TrainEvent): Phase | undefined {
  switch (event.type) {
    case "pause":
      return "paused";
    case "plan":
    case "step":
    case "resume":
      return "training";
    case "done":
      return event.result.aborted ? "stopped" : "finished";
    default:
      return undefined;
  }
}
