import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { busyWorld } from './fixtures/world.ts';

describe.skipIf(!chromiumPath)(`clusters in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('come with what would save most first, and a map whose circles lead to them', async () => {
    const { page } = await open('/clusters');
    await text(page, 'Could be saved a month');
    const rows = page.getByRole('table', { name: 'Clusters' }).getByRole('row');
    expect(await rows.nth(1).textContent()).toContain(world().clusters[0]!.name);
    const circles = page.getByRole('list', { name: 'Map of clusters' }).getByRole('listitem');
    await circles.first().waitFor();
    expect(await circles.count()).toBe(world().clusters.length);
    const painted = await page.evaluate<boolean>(
      `(() => { const c = document.querySelector('canvas'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); })()`,
    );
    expect(painted).toBe(true);
    await circles.nth(2).locator('circle').click();
    await page.getByRole('heading', { level: 1, name: world().clusters[2]!.name }).waitFor();
  });

  it('show members, borderline ones with the other cluster, and take a name from a person', async () => {
    const [first, second] = busyWorld().clusters;
    const { page } = await open(`/clusters/${first!.id}`);
    await text(page, 'Nearest the centre');
    expect(await page.getByText(/^cosine 0\.9/).count()).toBe(12);
    expect(await page.getByRole('link', { name: second!.name }).count()).toBeGreaterThan(0);
    await page.getByLabel('Name', { exact: true }).fill(second!.name);
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page, /is called ".*" already/);
    await page.getByLabel('Name', { exact: true }).fill('Where is my card');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Where is my card' }).waitFor();
    expect(world().changes.at(-1)).toMatchObject({ method: 'PATCH', body: { name: 'Where is my card' } });
    await text(page, 'Named by a person');
  });

  it('say what a model has merged and split at their borders, and why', async () => {
    const { page } = await open('/clusters');
    await text(page, '5 looked at by openai/gpt-4o-mini: 1 merged, 1 split, 1 not checked');
    const borders = page.getByRole('region', { name: /^Borders/ });
    expect(await borders.getByRole('article').count()).toBe(2);
    await text(page, 'Both groups ask why a top-up has failed.');
    await borders.getByRole('button', { name: 'All 6' }).click();
    expect(await borders.getByRole('article').count()).toBe(6);
    await text(page, /no verdict/);
    await borders.getByRole('link', { name: world().clusters[2]!.name }).first().click();
    await page.getByRole('heading', { level: 1, name: world().clusters[2]!.name }).waitFor();
  });

  it('are found by a button, and the page says how far the run is', async () => {
    const { page } = await open('/clusters');
    await page.getByRole('button', { name: 'Find again' }).click();
    await text(page, 'A run is under way: embed.');
    expect(await page.getByRole('button', { name: 'Find again' }).isDisabled()).toBe(true);
    // The same request as before, without its name.
    expect(world().changes.at(-1)?.body).toMatchObject({ source: { alias: 'support' }, mode: 'cluster' });
    expect(world().changes.at(-1)?.body).not.toHaveProperty('name');
  });
});
