import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { hashLike } from './fixtures/clock.ts';

describe.skipIf(!chromiumPath)(`a new dataset in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();
  const begun = () => world().changes.findLast(({ path }) => path === '/api/datasets')?.body;

  it('begins from the calls that are named; what is refused stands at its field', async () => {
    const { page } = await open('/datasets');
    await page.getByRole('link', { name: 'New dataset' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('my data');
    await page.getByRole('combobox', { name: 'Alias' }).fill('support');
    await page.getByLabel('Metadata').fill('app=bank');
    await page.getByRole('combobox', { name: 'Labels' }).fill('yes');
    await page.getByRole('combobox', { name: 'Labels' }).press('Enter');
    await page.getByRole('combobox', { name: 'Labels' }).fill('no');
    const make = page.getByRole('button', { name: 'Make the dataset' });
    await make.click();
    await text(page, /must be 1 to 64 letters/);
    await page.getByRole('textbox', { name: 'Name' }).fill('mine');
    await make.click();
    await text(page, 'Version 1 of “mine” is building');
    await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor();
    expect(begun()).toEqual({
      name: 'mine',
      source: { traces: { alias: 'support', metadata: { app: 'bank' } } },
      task: { kind: 'label', labels: ['yes', 'no'] },
    });
  });

  it('begins from a cluster, as the task that it looks like', async () => {
    const { page } = await open('/clusters');
    const cluster = world().clusters.find(({ task }) => task.kind === 'json')!;
    await page.goto(`/clusters/${cluster.id}`);
    await page.getByRole('link', { name: 'Make a dataset' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('intent');
    await page.getByRole('button', { name: 'Make the dataset' }).click();
    await text(page, 'Version 1 of “intent” is building');
    expect(begun()).toEqual({ name: 'intent', source: { traces: { cluster: cluster.id } }, task: { kind: 'json' } });
  });

  it('begins from a file', async () => {
    const { page } = await open('/new-dataset');
    await page.getByText('a file', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('filed');
    const make = page.getByRole('button', { name: 'Make the dataset' });
    expect(await make.isDisabled()).toBe(true);
    const line = JSON.stringify({ messages: [{ role: 'user', content: 'Where is it?' }], answer: 'card' });
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'rows.jsonl', mimeType: 'application/x-ndjson', buffer: Buffer.from(line) });
    await make.click();
    await text(page, 'Version 1 of “filed” is building');
    expect(begun()).toEqual({ name: 'filed', source: { file: hashLike(31) }, task: { kind: 'label' } });
  });
});
