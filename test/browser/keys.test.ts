import { describe, expect, it } from 'vitest';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { MADE_SECRET } from './fixtures/key-routes.ts';

describe.skipIf(!chromiumPath)(`keys and limits in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('a key is made with limits, and its secret shown that once', async () => {
    const { page } = await open('/keys');
    await page.getByRole('link', { name: 'New key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('support-app');
    await page.getByRole('combobox', { name: 'Models that it may call' }).fill('groq');
    await page.getByLabel('Dollars a day').fill('2.5');
    const make = page.getByRole('button', { name: 'Make the key' });
    await make.click();
    await text(page, /must be "provider\/model"/);
    await page.getByRole('combobox', { name: 'Models that it may call' }).press('Backspace');
    await page.getByRole('combobox', { name: 'Models that it may call' }).fill('groq/*');
    await make.click();
    await text(page, 'There is a key "support-app" already.');
    await page.getByRole('textbox', { name: 'Name' }).fill('new-app');
    await make.click();
    await page.getByText(MADE_SECRET, { exact: true }).waitFor();
    expect(world().changes.at(-1)?.body).toEqual({
      name: 'new-app',
      aliases: [],
      models: ['groq/*'],
      limits: { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: 2.5, usdPerMonth: null },
      expiresAt: null,
    });
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByRole('heading', { level: 1, name: 'new-app' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Make the key' }).waitFor();
    expect(await page.content()).not.toContain(MADE_SECRET);
  });

  it('a limit is taken away, and a key is revoked after a question', async () => {
    const { page } = await open('/keys');
    await settled(page);
    await page.getByRole('link', { name: 'mail-triage' }).click();
    await page.getByRole('meter', { name: 'Today', exact: true }).waitFor();
    await page.getByLabel('Dollars a day').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page, 'mail-triage is changed');
    expect(world().changes.at(-1)).toMatchObject({
      method: 'PATCH',
      body: { models: ['groq/*', 'student/support-2'], limits: { usdPerDay: null } },
    });
    await page.getByRole('meter', { name: 'Today', exact: true }).waitFor({ state: 'detached' });
    const before = world().changes.length;
    await page.getByRole('button', { name: 'Revoke' }).click();
    expect(world().changes).toHaveLength(before);
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await text(page, 'revoked');
    expect(world().changes.at(-1)).toMatchObject({ method: 'DELETE' });
    await page.getByRole('link', { name: 'Keys', exact: true }).first().click();
    await page.getByRole('link', { name: 'support-app' }).waitFor();
    expect(await page.getByRole('link', { name: 'mail-triage' }).count()).toBe(0);
    await page.getByLabel('Revoked too').check({ force: true });
    await page.getByRole('link', { name: 'mail-triage' }).waitFor();
  });

  it('limits show spend against budgets, the fullest first, and take another budget', async () => {
    const { page } = await open('/limits');
    await text(page, 'of $150.00, 73 %');
    const rows = page.getByRole('table', { name: 'Limits of keys' }).getByRole('row');
    expect(await rows.nth(1).textContent()).toContain('research');
    expect(await rows.nth(2).textContent()).toContain('mail-triage');
    expect(await page.getByRole('meter', { name: 'research, this month' }).getAttribute('aria-valuetext')).toBe('100 % of the budget');
    await page.getByLabel('Dollars a day').fill('');
    await page.getByLabel('Dollars a month').fill('200');
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page, 'of $200.00, 55 %');
    expect(world().changes.at(-1)).toMatchObject({
      path: '/api/projects/default',
      body: { budget: { usdPerDay: null, usdPerMonth: 200 } },
    });
  });

  it('another project is seen by the address, which every link keeps', async () => {
    const { page } = await open('/keys');
    await settled(page);
    await page
      .getByRole('combobox', { name: 'Project' })
      .or(page.getByRole('textbox', { name: 'Project' }))
      .first()
      .click();
    await page.getByRole('option', { name: 'acme' }).click();
    await page.waitForURL(/\/keys\?project=acme/);
    await page.getByRole('link', { name: 'Traces' }).click();
    await page.waitForURL(/\/traces\?project=acme/);
    await text(page, 'No calls in the last 24 hours');
    await page.goto('/traces?project=default');
    await settled(page);
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(0);
  });
});
