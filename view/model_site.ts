// The site of finished models: the page, what it knows of the models, and their Gaussians, in parts if it wants.

import { drawingFile } from "./drawing_library.ts";
import type { FinishedModel } from "./finished_model.ts";
import type { PageModels, SplatForm } from "./model_protocol.ts";
import { contentPolicy, notFound, reply, type Site } from "./page_server.ts";
import { contentResponse } from "./ranges.ts";

/** Where some Gaussians are: the model, which of its saved ones, the form. */
const SPLATS = /^\/model\/(\d{1,3})\/(\d{1,6})\.(ply|sog)$/;

/** Serves one model or two. */
export class ModelSite implements Site {
  readonly page = "view/page/models.html";
  readonly #models: readonly FinishedModel[];
  readonly #form: SplatForm["name"];

  /** @param form The form that pages show first, where there is a choice */
  constructor(models: readonly FinishedModel[], form: SplatForm["name"]) {
    this.#models = models;
    this.#form = form;
  }

  policy(): string {
    // spark decodes and sorts in a worker with WebAssembly, both of which it has inside as data.
    return contentPolicy(
      "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob:; connect-src 'self' data:",
    );
  }

  file(path: string): Promise<{ type: string; body: string } | undefined> {
    return drawingFile(path);
  }

  async answer(request: Request, { pathname }: URL): Promise<Response> {
    if (pathname === "/models.json") {
      const models: PageModels = { models: this.#models.map(({ page }) => page), form: this.#form };
      return reply(200, JSON.stringify(models), "application/json");
    }
    const [, model, saved, form] = SPLATS.exec(pathname) ?? [];
    const source = this.#models[Number(model)]?.sources[Number(saved)];
    const content = await source?.content(form).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined; // removed since
      throw error;
    });
    return content === undefined ? notFound() : await contentResponse(request, content);
  }
}
