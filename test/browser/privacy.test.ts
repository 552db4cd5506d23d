import { describe, expect, it } from 'vitest';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';

describe.skipIf(!chromiumPath)(`privacy in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('is changed by a form that shows refusals at their fields, and goes back to everything', async () => {
    const { page, complaints } = await open('/privacy');
    await settled(page);
    await page.getByLabel('Keep traces for').fill('30');
    await page.getByLabel('Store the texts of').fill('7');
    await page.getByLabel('E-mail addresses').check();
    await page.getByLabel('Patterns of your own').fill('ORD-[0-9]+');
    await page.getByRole('combobox', { name: 'Fields that are not stored' }).fill('customer.email');
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page, /must be lower-case letters/);
    await page.getByLabel('Patterns of your own').fill('order=ORD-[0-9]+');
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page, 'What is stored of default is changed');
    const patterns = [{ name: 'order', pattern: 'ORD-[0-9]+' }];
    const privacy = { storeBodies: 0.07, mask: ['email'], patterns, fields: ['customer.email'] };
    expect(world().changes.at(-1)).toMatchObject({ method: 'PATCH', body: { retentionDays: 30, privacy } });

    await page.reload();
    await expect.poll(() => page.getByLabel('E-mail addresses').isChecked()).toBe(true);
    expect(await page.getByLabel('Patterns of your own').inputValue()).toBe('order=ORD-[0-9]+');
    await page.getByLabel('Keep traces for').fill('');
    await page.getByLabel('Store the texts of').fill('100');
    await page.getByLabel('E-mail addresses').uncheck();
    await page.getByLabel('Patterns of your own').fill('');
    await page.getByRole('combobox', { name: 'Fields that are not stored' }).press('Backspace');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => world().changes.at(-1)?.body).toEqual({ retentionDays: null, privacy: null });
    expect(complaints.filter((line) => !line.includes('400'))).toEqual([]);
  });
});
