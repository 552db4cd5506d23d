import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { makeRows } from './fixtures/datasets.ts';

describe.skipIf(!chromiumPath)(`rows of a dataset in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('are kept and dropped by the keyboard, and made a version of', async () => {
    const { page } = await open('/datasets/support');
    const list = page.getByRole('group', { name: 'Rows' });
    await list.focus();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('x');
    await text(page, 'drop by a person');
    const [, second] = makeRows('train');
    expect(world().changes.at(-1)).toMatchObject({ method: 'PATCH', body: { edits: [{ rowIds: [second!.rowId], verdict: 'drop' }] } });
    await page.keyboard.press('u');
    await page.getByText('drop by a person').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('y');
    await text(page, 'keep by a person');
    expect(await list.locator('[aria-current="true"]').textContent()).toContain('keep by a person');
    // A key with a modifier is the browser's.
    const before = world().changes.length;
    await page.keyboard.press('Control+x');
    await page.getByRole('button', { name: 'Make a version of it' }).click();
    await text(page, /Version \d+ of “support” is building/);
    expect(
      world()
        .changes.slice(before)
        .map(({ path }) => path),
    ).toEqual(['/api/datasets/support/curate']);
  });

  it('come with the most suspect first where that is asked for', async () => {
    const { page } = await open('/datasets/support');
    await page.getByText('suspects', { exact: true }).click();
    await text(page, 'suspicion 1.00');
    expect(await page.getByRole('group', { name: 'Rows' }).locator('article').first().textContent()).toContain('suspicion 1.00');
  });
});
