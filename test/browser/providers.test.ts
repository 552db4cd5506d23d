import { describe, expect, it } from 'vitest';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';

describe.skipIf(!chromiumPath)(`providers in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  it('say how they stand and did, and lead to models, breakers, prices and failed traces', async () => {
    const { page } = await open('/providers');
    await settled(page);
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) });
    expect(await row('openai').textContent()).toMatch(/well.*from the environment.*492.*3 \(0\.6 %\).*571 ms/);
    expect(await row('groq').textContent()).toMatch(/breaker open.*set through the API/);
    expect(await row('anthropic').textContent()).toMatch(/not ready.*missing/);
    await page.getByRole('link', { name: 'groq' }).click();
    await text(page, /open, next try in 42 s/);
    await text(page, '$0.59 / M');
    await text(page, 'half open');
    world().providers[1]!.models[0]!.breaker = 'closed';
    await page.getByText(/next try in/).waitFor({ state: 'detached', timeout: 20_000 });
    const [error] = world().providers[1]!.lastErrors!;
    await page.getByRole('table', { name: 'Last errors' }).getByRole('link').first().click();
    await page.waitForURL((url) => url.searchParams.get('trace') === error!.traceId);
    await page.getByRole('dialog').waitFor();
  });

  it('tell why one can not be called, and what is not known while ClickHouse is down', async () => {
    const { page } = await open('/providers/anthropic');
    await text(page, /needs its key: in the environment variable ANTHROPIC_API_KEY/);
    for (const provider of world().providers) {
      provider.lastHour = null;
      provider.lastErrors = null;
      for (const model of provider.models) model.lastHour = null;
    }
    await page.goto('/providers/openai');
    await text(page, 'what the last hour was like is not known');
    await page.goto('/providers/nobody');
    await text(page, 'There is no such provider');
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it("a provider's key is stored, replaced and removed, and never shown", async () => {
    const { page } = await open('/providers/anthropic');
    const key = page.getByRole('region', { name: /^Key/ });
    await key.getByText('missing').waitFor();
    expect(await key.getByRole('button', { name: 'Remove' }).count()).toBe(0);
    const input = key.getByLabel('A key to store');
    expect(await input.getAttribute('type')).toBe('password');
    await input.fill('two words');
    await key.getByRole('button', { name: 'Store' }).click();
    await key.getByText('must be one line of visible ASCII').waitFor();
    await input.fill('sk-ant-very-secret');
    await key.getByRole('button', { name: 'Store' }).click();
    await key.getByText('set through the API').waitFor();
    expect(world().changes.at(-1)).toMatchObject({
      method: 'PUT',
      path: '/api/providers/anthropic/key',
      body: { key: 'sk-ant-very-secret' },
    });
    expect(await key.getByLabel('Another key').inputValue()).toBe('');
    expect(await page.content()).not.toContain('very-secret');
    await key.getByRole('button', { name: 'Remove' }).click();
    await key.getByRole('button', { name: 'Replace' }).waitFor();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await key.getByText('missing').waitFor();
    expect(world().changes.at(-1)).toMatchObject({ method: 'DELETE' });
    await page.goto('/providers/gpu-box');
    await text(page, /called without a key of ours/);
    expect(await page.getByLabel('A key to store').count()).toBe(0);
  });
});
