// Shows a run on a page: a sink of its events, and a client of its controller.

import { basename } from "@std/path";
import type { Reporter } from "../progress.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TrainController } from "../../train/controller.ts";
import type { ServerAddress } from "../../view/page_server.ts";
import { MOST_FRAME_PIXELS } from "../../view/frames.ts";
import { ViewServer } from "../../view/server.ts";
import { Viewer } from "../../view/viewer.ts";
import { backgroundOf, type TrainValues } from "../train_options.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Serves the page from the start of the verb to the end of the run. */
export class ViewSink implements Sink, AsyncDisposable {
  readonly #viewer: Viewer;
  readonly #server: ViewServer;

  private constructor(viewer: Viewer, server: ViewServer) {
    this.#viewer = viewer;
    this.#server = server;
  }

  /** Whether the options ask for a viewer. */
  static isWanted(values: Pick<TrainValues, "view" | "websockets">): boolean {
    return values.view || values.websockets;
  }

  /** Where the options have it served. */
  static addressOf({ ip, port }: Pick<TrainValues, "ip" | "port">): ServerAddress {
    return { hostname: ip, port };
  }

  /**
   * Starts to serve, and prints the URL.
   *
   * @returns undefined unless the options ask for a viewer
   */
  static open(
    values: Pick<TrainValues, "view" | "websockets" | "ip" | "port">,
    { controller, reporter }: { controller: TrainController; reporter: Reporter },
  ): ViewSink | undefined {
    if (!ViewSink.isWanted(values)) return undefined;
    const viewer = new Viewer(controller);
    const server = ViewServer.listen(viewer, ViewSink.addressOf(values));
    reporter.link("Viewer: ", server.url);
    reporter.event({ type: "viewer", url: server.url });
    return new ViewSink(viewer, server);
  }

  /** Pixels of the largest frame, for the memory plan of the run. */
  get renderPixels(): number {
    return MOST_FRAME_PIXELS;
  }

  /** The run is known: its views can be shown. */
  begin({ scene, values, device }: RunSetup): void {
    this.#viewer.begin({
      scene,
      iterations: values.iterations,
      background: backgroundOf(values),
      device: device.reason,
    });
  }

  async event(event: TrainEvent): Promise<void> {
    await this.#viewer.event(event);
  }

  /** The run has ended, and a file is exported; `share` of it is done, null while that is unknown. */
  exporting(path: string, share: number | null): void {
    this.#viewer.exporting(basename(path), share);
  }

  async end(): Promise<void> {
    await this.#viewer.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
