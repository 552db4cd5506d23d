import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';

describe.skipIf(!chromiumPath)(`forgetting in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();
  const asked = () => world().changes.filter(({ path }) => path === '/api/traces/forget');

  it('counts whom the filter named, asks once more, and says what is gone; nobody’s name stays in the address', async () => {
    const { page } = await open('/traces?user=u-4711');
    await page.getByRole('link', { name: 'Forget calls' }).click();
    const user = page.getByRole('textbox', { name: 'User' });
    expect(await user.inputValue()).toBe('u-4711');
    await page.getByRole('button', { name: 'Count them' }).click();
    await text(page, 'This names 12 stored calls.');
    await text(page, 'The project stores this user as "[email]".');
    // Another name is counted anew.
    await user.fill('u-1');
    expect(await page.getByRole('button', { name: 'Forget them for good' }).count()).toBe(0);
    await page.getByRole('textbox', { name: 'Metadata' }).fill('shop=berlin');
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByRole('button', { name: 'Forget them for good' }).click();
    expect(asked()).toEqual([]);
    await page.getByRole('button', { name: 'Forget them', exact: true }).click();
    await text(page, 'It is under way');
    expect(page.url()).not.toContain('u-');
    world().forgotten = true;
    await text(page, /Forgotten: 12 calls, 3 of the pipeline that held their texts, 1 piece of feedback, 12 rows of datasets, 2 files\./);
    expect(asked().map(({ body }) => body)).toEqual([{ user: 'u-1', metadata: { shop: 'berlin' } }]);
  });

  it('shows why ids are none', async () => {
    const { page } = await open('/forget');
    await page.getByRole('textbox', { name: 'Ids of traces' }).fill('nonsense');
    await page.getByRole('button', { name: 'Count them' }).click();
    await text(page, /must be a UUID/);
    expect(asked()).toEqual([]);
  });
});
