import { describe, expect, it } from 'vitest';
import { chromiumPath, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';

describe.skipIf(!chromiumPath)(`a language model in the console${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('shows its loss terms live, and where a phase began', async () => {
    const { page } = await open('/distillations/support-lora');
    await text(page, 'step 240 of 280 · 1,480 tokens/s');
    await text(page, 'NLL of the best answers');
    await page.locator('.recharts-reference-line').first().waitFor({ state: 'attached' });
    expect(await page.locator('.recharts-line').count()).toBe(4);
    world().trainedSteps = 280;
    await text(page, 'step 280 of 280');
  });

  it('is chosen by name with its size and licence, and what it takes is seen before it is paid', async () => {
    const { page } = await open('/new-distillation?dataset=support');
    await text(page, '2,814');
    const student = page.getByRole('combobox', { name: 'Student' });
    await student.fill('llama-3.1');
    await page.getByRole('option', { name: /llama-3.1-8b.*8.0 B · llama3.1/ }).click();
    await text(page, /on meta-llama\/Llama-3.1-8B-Instruct · 8.0 B parameters · llama3.1 · gated/);
    await text(page, /needs about 41.2 GiB of memory/);
    await student.fill('nonsense');
    await text(page, 'student: there is no "nonsense"');
    await student.fill('qwen3-0.6b');
    await text(page, /1.4 GB \(16 bit\)/);
    await text(page, /--student qwen3-0.6b --watch/);
    await page.getByRole('button', { name: 'Start the distillation' }).click();
    await page.waitForURL(/distillations\/distil-/);
    expect(world().changes.at(-1)?.body).toMatchObject({ dataset: 'support', student: 'qwen3-0.6b' });
  });

  it('says what it is, answers a message, and hands out its files', async () => {
    const { page } = await open('/students/support-qwen');
    await text(page, 'adapter on a shared base');
    await text(page, /99.4 %/);
    await page.getByLabel('Message').fill('where is my card?');
    await page.getByRole('button', { name: 'Ask' }).click();
    await text(page, 'card_arrival');
    await text(page, '$0.0000021');
    await page.getByLabel('Message').fill('fail');
    await page.getByLabel('Message').press('Enter');
    await text(page, 'The student server does not answer.');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download adapter.gguf' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('support-qwen.adapter.gguf');
    // what a browser would have to hold in memory goes through the command line
    expect(await page.getByRole('button', { name: 'Download base.q4_k_m.gguf' }).count()).toBe(0);
  });

  it('that came from elsewhere says that nobody has evaluated it', async () => {
    const { page } = await open('/students/from-elsewhere');
    await text(page, 'Imported, not evaluated');
    await text(page, 'gpu-box');
    await text(page, 'one merged model');
    expect(await page.getByText('not worse').count()).toBe(0);
  });
});
