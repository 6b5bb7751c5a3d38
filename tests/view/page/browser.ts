// A headless Chromium, for tests of the viewers' pages. Screenshots of them are in out/view/.

import { chromium, type Page } from "playwright-core";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { ROOT } from "../../support/process.ts";

const PROGRAM = "/usr/bin/chromium";

const SCREENSHOTS = join(ROOT, "out", "view");

/** Nothing that looks for a GPU, updates or the outside world. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGL on the processor. */
const WEBGL_FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** Why there is no browser here; undefined where there is one. */
export const browserMissing: string | undefined = existsSync(PROGRAM) ? undefined : `no ${PROGRAM}`;

/** How a page is shown. */
export interface Screen {
  width?: number;
  height?: number;
  colorScheme?: "dark" | "light";
  /** Whether it is operated by touch. */
  touch?: boolean;
  /** Whether it draws with WebGL. */
  webgl?: boolean;
}

/** A browser of its own with one page; closed when it is disposed. */
export async function openBrowser(screen: Screen = {}): Promise<{ page: Page } & AsyncDisposable> {
  const { width = 1280, height = 800, colorScheme = "dark", touch = false, webgl = false } = screen;
  const profile = await Deno.makeTempDir({ prefix: "tame_browser_" });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
    args: webgl ? [...FLAGS, ...WEBGL_FLAGS] : FLAGS,
    viewport: { width, height },
    colorScheme,
    hasTouch: touch,
    isMobile: touch,
    ...(touch ? { deviceScaleFactor: 2 } : {}),
  });
  return {
    page: await context.newPage(),
    async [Symbol.asyncDispose]() {
      await context.close();
      await Deno.remove(profile, { recursive: true });
    },
  };
}

/** What the functions that run in the page use of its elements, a picture's and a canvas's among them. */
export interface PageElement {
  id: string;
  textContent: string;
  dataset: Record<string, string | undefined>;
  scrollWidth: number;
  width: number;
  height: number;
  naturalWidth: number;
  toDataURL(): string;
  getContext(kind: "2d"): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } };
}

/** Opens a page in a browser of its own. What it asks of others, or reports as an error, is collected. */
export async function openPage(url: string, screen: Screen = {}) {
  const browser = await openBrowser(screen);
  const { page } = browser;
  const { origin } = new URL(url);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (!/^(?:blob|data):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) problems.push(request.url());
  });
  await page.goto(url);
  return { page, problems, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() };
}

/** Keeps a picture of the page. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** Waits until an element has a text. */
export function hasText(page: Page, selector: string, text: string | RegExp): Promise<void> {
  return page.locator(selector).filter({ hasText: text }).first().waitFor({ state: "attached" });
}
