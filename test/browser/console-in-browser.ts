import { rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { buildConsole, launchBrowser, openConsole } from './browser.ts';
import type { OpenPage } from './browser.ts';
import { serveFixtures } from './fixtures/server.ts';
import type { FixtureServer } from './fixtures/server.ts';
import { busyWorld } from './fixtures/world.ts';
import type { World } from './fixtures/world.ts';

/** The built console in a browser, before fixtures that each test may change. */
export interface ConsoleInBrowser {
  open: (path: string, options?: { of?: World; width?: number; key?: string | null }) => Promise<OpenPage>;
  /** Waits until those words are on the page. */
  text: (page: Page, words: string | RegExp) => Promise<void>;
  /** What the page that was opened last is answered from. */
  world: () => World;
}

/** Builds the console and starts the browser before the tests of a block; each test has a server of its own. */
export function consoleInBrowser(): ConsoleInBrowser {
  let browser: Browser;
  let folder: string;
  let server: FixtureServer;
  let world: World;
  beforeAll(async () => {
    [folder, browser] = await Promise.all([buildConsole(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await server.close();
  });
  return {
    async open(path, options = {}) {
      world = options.of ?? busyWorld();
      server = await serveFixtures(world, { folder });
      return openConsole(browser, server.url, path, options);
    },
    text: (page, words) => page.getByText(words).first().waitFor(),
    world: () => world,
  };
}
