// A headless Chromium, for tests of the viewer's page.

import { chromium, type Page } from "playwright-core";
import { existsSync } from "@std/fs";

const PROGRAM = "/usr/bin/chromium";

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

/** Why there is no browser here; undefined where there is one. */
export const browserMissing: string | undefined = existsSync(PROGRAM) ? undefined : `no ${PROGRAM}`;

/** How a page is shown. */
export interface Screen {
  width?: number;
  height?: number;
  colorScheme?: "dark" | "light";
  /** Whether it is operated by touch. */
  touch?: boolean;
}

/** A browser of its own with one page; closed when it is disposed. */
export async function openBrowser(screen: Screen = {}): Promise<{ page: Page } & AsyncDisposable> {
  const { width = 1280, height = 800, colorScheme = "dark", touch = false } = screen;
  const profile = await Deno.makeTempDir({ prefix: "tame_browser_" });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
    args: FLAGS,
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
