import { describe, expect, it } from 'vitest';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { emptyWorld } from './fixtures/world.ts';

describe.skipIf(!chromiumPath)(`usage in Chromium${withoutChromium}`, () => {
  const { open, text } = consoleInBrowser();

  it('is summed up, by whatever is chosen, and a group leads to its calls', async () => {
    const { page, complaints } = await open('/usage');
    await settled(page);
    const table = (name: string) => page.getByRole('table', { name });
    const row = (name: string, named: string) => table(name).getByRole('row', { name: new RegExp(`^${named}`) });
    expect(await row('Usage by model', 'gpt-4o').textContent()).toMatch(/^gpt-4o70/);
    expect(await row('Usage by model', 'support-2').textContent()).toMatch(/^support-260/);
    await page.getByText('3 calls without a price').waitFor();
    await page.getByText('Cost by day').waitFor();

    await page.getByRole('combobox', { name: 'Group by' }).click();
    await page.getByRole('option', { name: 'Metadata' }).click();
    await text(page, 'Which key?');
    await page.getByLabel('Key of the metadata').fill('run');
    await page.waitForURL((url) => url.searchParams.get('meta') === 'run');
    expect(await row('Usage by metadata', '7f3a').textContent()).toMatch(/^7f3a130/);
    await page.reload();
    await row('Usage by metadata', '7f3a').getByRole('link').click();
    await page.waitForURL((url) => url.pathname === '/traces' && url.searchParams.get('meta') === 'run=7f3a');

    await page.goto('/usage?by=user&span=24h');
    await row('Usage by user', 'none').waitFor();
    expect(await row('Usage by user', 'none').getByRole('link').count()).toBe(0);
    await page.getByRole('combobox', { name: 'Group by' }).click();
    await page.getByRole('option', { name: 'Key', exact: true }).click();
    await row('Usage by key', 'admin').waitFor();
    expect(await page.getByText('Cost by day').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says that there is none yet', async () => {
    const { page } = await open('/usage', { of: emptyWorld() });
    await text(page, 'No calls in that time');
  });
});
