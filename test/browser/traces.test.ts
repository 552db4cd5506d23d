import { describe, expect, it } from 'vitest';
import type { TraceView } from '../../contracts/traces.ts';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { busyWorld } from './fixtures/world.ts';

describe.skipIf(!chromiumPath)(`traces in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();
  const rows = 'tbody tr';

  /** A call that began so long ago, in its place. */
  function arrive(agoMs: number, prompt: string): void {
    const at = new Date(Date.now() - agoMs).toISOString();
    const trace: TraceView = { ...world().traces[0]!, id: crypto.randomUUID(), at, prompt };
    world().traces = [...world().traces, trace].toSorted((a, b) => (a.at < b.at ? 1 : -1));
  }

  describe('the filter', () => {
    it('asks for everything that the API can filter by, and is in the address', async () => {
      const { page } = await open('/traces');
      await settled(page);
      await page.getByRole('button', { name: 'More', exact: true }).click();
      const { id: cluster, name } = world().clusters[1]!;
      await page.getByLabel('Words', { exact: true }).fill('card');
      for (const [label, value] of [
        ['Alias', 'support'],
        ['Target', 'student/support-2'],
        ['Model', 'support'],
        ['Provider', 'student'],
        ['Session', 's1'],
        ['User', 'user-118'],
        ['Metadata', 'run=7f3a, call=c-3'],
        ['Cost from', '0.0001'],
        ['Cost to', '0.5'],
        ['Latency from', '10'],
        ['Latency to', '2000'],
      ] as const) {
        const field = page.getByRole('search').getByLabel(label, { exact: true }).first();
        await field.fill(value);
        await field.press('Escape');
      }
      for (const [label, option] of [
        ['Status', 'error'],
        ['Origin', 'app'],
        ['Kind', 'chat'],
        ['Verdict', 'thumbs down'],
        ['Cluster', name],
        ['Key', 'support-app'],
        ['Time', 'From … to …'],
      ] as const) {
        await page.getByRole('search').getByLabel(label, { exact: true }).first().click();
        await page.getByRole('option', { name: option, exact: true }).click();
      }
      await page.getByLabel('From', { exact: true }).fill('2026-11-20T10:00:00');
      await page.getByLabel('To', { exact: true }).fill('2026-11-20T11:00:00');
      const expected = {
        text: 'card',
        alias: 'support',
        target: 'student/support-2',
        model: 'support',
        provider: 'student',
        session: 's1',
        user: 'user-118',
        metadata: { run: '7f3a', call: 'c-3' },
        minCostUsd: 0.0001,
        maxCostUsd: 0.5,
        minLatencyMs: 10,
        maxLatencyMs: 2000,
        status: 'error',
        origin: 'app',
        kind: 'chat',
        verdict: 'down',
        cluster,
        key: world().keys[0]!.id,
        since: new Date('2026-11-20T10:00:00').toISOString(),
        until: new Date('2026-11-20T11:00:00').toISOString(),
      };
      await expect.poll(() => world().traceFilters.at(-1)).toMatchObject(expected);
      const address = page.url();
      world().traceFilters.length = 0;
      await page.goto('/keys');
      await page.goto(address);
      await text(page, 'No trace matches');
      expect(world().traceFilters.at(-1)).toMatchObject(expected);
      expect(await page.getByLabel('Metadata').inputValue()).toBe('run=7f3a, call=c-3');
      await page.getByRole('search').getByRole('button', { name: 'Clear', exact: true }).click();
      await page.waitForURL((url) => url.search === '');
      await expect.poll(() => page.locator(rows).count()).toBe(100);
    });

    it('keeps a number that is half written, and asks for none', async () => {
      const { page } = await open('/traces?minCostUsd=0.5');
      await settled(page);
      const field = page.getByLabel('Cost from');
      await field.fill('0.');
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      await field.fill('0.001');
      await page.waitForURL(/minCostUsd=0\.001/);
      expect(await field.inputValue()).toBe('0.001');
    });
  });

  describe('live', () => {
    it('shows what comes on top, a slow call in its place, and loses nothing of a burst', async () => {
      const { page } = await open('/traces?live=true');
      await settled(page);
      await text(page, 'live · 0 new');
      arrive(0, 'the newest of all');
      // It began before those that are shown, and is recorded only now.
      arrive(100_000, 'a slow call');
      await text(page, 'live · 2 new');
      expect(await page.locator(rows).first().textContent()).toContain('the newest of all');
      await page.getByText('a slow call').waitFor();
      expect(await page.locator(`${rows}[data-new]`).count()).toBe(2);
      for (let i = 0; i < 150; i++) arrive(0, `burst ${i}`);
      await text(page, 'live · 152 new');
      // More than a page came at once, and what stood last before is still there.
      const shown = await page.locator(`${rows} td:nth-child(5)`).allTextContents();
      for (let i = 0; i < 150; i++) expect(shown.filter((cell) => cell.startsWith(`burst ${i}`)).length, `burst ${i}`).toBeGreaterThan(0);
      const [oldest] = await page.locator(rows).last().getByRole('button').allTextContents();
      expect(oldest).toBeTruthy();
      expect(shown.length).toBeGreaterThanOrEqual(252);
      const keys = await page.locator(`${rows} button`).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
      expect(keys.every((key, i) => i === 0 || key! <= keys[i - 1]!)).toBe(true);
    });

    it('stands still while it is paused, and then has all that came', async () => {
      const { page } = await open('/traces');
      await settled(page);
      await page.getByLabel('Live', { exact: true }).check({ force: true });
      await page.waitForURL(/live=true/);
      await page.getByRole('button', { name: 'Pause' }).click();
      await text(page, 'paused · 0 new');
      const asked = world().traceFilters.length;
      arrive(0, 'while nobody looked');
      // Two polls would have gone by; the clock of the page is all that moves it.
      await page.clock.install();
      await page.clock.runFor(10_000);
      expect(world().traceFilters.length).toBe(asked);
      expect(await page.getByText('while nobody looked').count()).toBe(0);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.clock.runFor(3_000);
      await text(page, 'while nobody looked');
      await text(page, 'live · 1 new');
      await page.getByLabel('Live', { exact: true }).uncheck({ force: true });
      await page.waitForURL((url) => !url.search.includes('live'));
      expect(await page.locator(`${rows}[data-new]`).count()).toBe(0);
    });

    it('goes on once the gateway is back', async () => {
      const { page } = await open('/traces?live=true', { of: busyWorld() });
      await settled(page);
      world().down = true;
      arrive(0, 'while it was away');
      await text(page, 'no answer, trying again');
      world().down = false;
      await page.getByText('while it was away').waitFor({ timeout: 20_000 });
    });
  });
});
