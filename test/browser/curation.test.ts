import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { makeRows } from './fixtures/datasets.ts';
import { busyWorld } from './fixtures/world.ts';

const NO_ROWS = { train: 0, validation: 0, test: 0 };

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

  it('come by pages; who moves over the end by the keyboard comes to the next, and goes on seeing the chosen one', async () => {
    const { page } = await open('/datasets/support');
    const list = page.getByRole('group', { name: 'Rows' });
    await text(page, '1 to 50 of 748');
    await list.focus();
    for (let i = 0; i < 49; i++) await page.keyboard.press('j');
    const current = list.locator('[aria-current="true"]');
    const { y, height } = (await current.boundingBox())!;
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + height).toBeLessThanOrEqual(900);
    await page.keyboard.press('j');
    await text(page, '51 to 100 of 748');
    await page.keyboard.press('x');
    await text(page, 'drop by a person');
    const rowId = makeRows('train')[50]!.rowId;
    expect(world().changes.at(-1)).toMatchObject({ body: { edits: [{ rowIds: [rowId], verdict: 'drop' }] } });
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.keyboard.press('k');
    await text(page, '1 to 50 of 748');
    expect(await current.textContent()).toBe(await list.locator('article').nth(49).textContent());
  });

  it('that were forgotten leave a page that leads on', async () => {
    const of = busyWorld();
    of.forgottenRows = new Set(
      makeRows('train')
        .slice(0, 50)
        .map(({ rowId }) => rowId),
    );
    const { page } = await open('/datasets/support', { of });
    await text(page, 'All rows of this page were forgotten.');
    await page.getByRole('button', { name: 'Next' }).click();
    await text(page, '51 to 100 of 748');
    expect(await page.getByRole('group', { name: 'Rows' }).locator('article').count()).toBeGreaterThan(10);
  });

  it('of the newest version that is ready can be curated when a later one has failed', async () => {
    const of = busyWorld();
    const [ready] = of.datasets;
    of.datasets.splice(1, 0, { ...ready!, version: 3, status: 'failed', error: 'Too few rows are left.', rows: NO_ROWS });
    const { page } = await open('/datasets/support', { of });
    await text(page, 'Too few rows are left.');
    await text(page, '748 rows of version 2');
    await page.getByRole('group', { name: 'Rows' }).focus();
    await page.keyboard.press('u');
    await expect.poll(() => world().changes.at(-1)?.path).toBe('/api/datasets/support/rows');
    await page.getByRole('link', { name: 'Distil', exact: true }).click();
    await page.getByRole('combobox', { name: 'Dataset' }).click();
    const option = page.getByRole('option', { name: 'support: version 2, for version 3 is failed' });
    expect(await option.getAttribute('data-combobox-disabled')).toBeNull();
  });

  it('are looked over for suspects where nobody has', async () => {
    const of = busyWorld();
    of.inspected = false;
    const { page } = await open('/datasets/support', { of });
    await page.getByText('suspects', { exact: true }).click();
    await text(page, 'Nobody has looked for suspects in version 2 yet.');
    await page.getByRole('button', { name: 'Look for suspects' }).click();
    await text(page, '31 of 1,250 rows have another answer than most of their neighbours.');
    await text(page, 'suspicion 1.00');
  });

  it('show the answer that a person has given beside the one that the version has', async () => {
    const { page } = await open('/datasets/support');
    await page.getByText('validation', { exact: true }).click();
    await text(page, `${makeRows('validation')[3]!.reference} → card_linking`);
  });

  it('come with the most suspect first where that is asked for', async () => {
    const { page } = await open('/datasets/support');
    await page.getByText('suspects', { exact: true }).click();
    await text(page, 'suspicion 1.00');
    expect(await page.getByRole('group', { name: 'Rows' }).locator('article').first().textContent()).toContain('suspicion 1.00');
  });
});
