import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { FIXTURE_KEY } from './fixtures/server.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
];

/** A Chromium on this machine; undefined where there is none. */
export const chromiumPath = PLACES.find((path) => existsSync(path));

/** Behind the name of a block that needs it. */
export const withoutChromium = chromiumPath ? '' : ' (skipped: no Chromium on this machine)';

/** Starts the browser, without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: FLAGS });
}

/** Builds the console into a folder of its own, so that a stack that runs beside the tests keeps its files. */
export async function buildConsole(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-console-'));
  const root = fileURLToPath(new URL('../../clients/console', import.meta.url));
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
  return folder;
}

/** A page of the console, and what the browser complained about on it. */
export interface OpenPage {
  page: Page;
  complaints: string[];
}

/** Opens `path` in a browser profile of its own, signed in unless said otherwise. */
export async function openConsole(
  browser: Browser,
  url: string,
  path: string,
  options: { width?: number; key?: string | null } = {},
): Promise<OpenPage> {
  const { width = 1440, key = FIXTURE_KEY } = options;
  const context = await browser.newContext({ viewport: { width, height: 900 }, baseURL: url });
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on(
    'request',
    (request) => !request.url().startsWith(url) && !request.url().startsWith('data:') && complaints.push(`asked ${request.url()}`),
  );
  if (key) await page.addInitScript((value) => sessionStorage.setItem('stillhouse-admin-key', value), key);
  await page.goto(path);
  return { page, complaints };
}

/** Waits until nothing on the page is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('[aria-busy]').first().waitFor({ state: 'detached' });
}
