import { describe, expect, it } from 'vitest';
import type { AliasInput } from '../../contracts/aliases.ts';
import { chromiumPath, settled, withoutChromium } from './browser.ts';
import { consoleInBrowser } from './console-in-browser.ts';
import { FIXTURE_KEY } from './fixtures/server.ts';
import { busyWorld, emptyWorld } from './fixtures/world.ts';

const ADDRESSES = [
  '/',
  '/traces',
  '/traces?live=true&meta=run=7f3a&since=2026-11-01T10:00:00.000Z',
  '/clusters',
  `/clusters/${busyWorld().clusters[0]!.id}`,
  '/datasets',
  '/datasets/support',
  '/new-dataset',
  '/forget',
  '/distillations',
  '/distillations/support-2',
  '/distillations/support-3',
  '/distillations/support-lora',
  '/new-distillation',
  '/aliases',
  '/aliases/support',
  '/new-alias',
  '/students',
  '/students/support-2',
  '/students/support-qwen',
  '/students/from-elsewhere',
  '/providers',
  '/providers/openai',
  '/providers/groq',
  '/providers/anthropic',
  '/providers/gpu-box',
  '/keys',
  `/keys/${busyWorld().keys[0]!.id}`,
  '/new-key',
  '/usage',
  '/limits',
  '/privacy',
];

describe.skipIf(!chromiumPath)(`console in Chromium${withoutChromium}`, () => {
  const { open, text, world } = consoleInBrowser();

  describe('the key', () => {
    it('is asked for once, tried before it is kept, and never in the address', async () => {
      const { page } = await open('/distillations', { key: null });
      await page.getByLabel('Admin key').fill('sk-wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await text(page, 'This key is not known here.');
      await page.getByLabel('Admin key').fill(FIXTURE_KEY);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Distillations' }).waitFor();
      expect(page.url()).not.toContain(FIXTURE_KEY);
      expect(await page.evaluate(() => localStorage.getItem('stillhouse-admin-key'))).toBeNull();
      await page.reload();
      await page.getByRole('heading', { name: 'Distillations' }).waitFor();
    });

    it('is asked for again where it is refused later', async () => {
      const { page } = await open('/', { key: 'sk-old' });
      await text(page, 'The gateway refused this key.');
      expect(await page.evaluate(() => sessionStorage.getItem('stillhouse-admin-key'))).toBeNull();
    });
  });

  describe('every page', () => {
    it.each([1440, 390])('fits %i pixels, asks no foreign host and breaks no policy', async (width) => {
      const { page, complaints } = await open('/', { width });
      for (const address of ADDRESSES) {
        await page.goto(address);
        await settled(page);
        const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
        expect(beyond, `${address} is wider than the screen`).toBeLessThanOrEqual(0);
      }
      expect(complaints).toEqual([]);
    });

    it('says on an empty stack what to do next', async () => {
      const { page } = await open('/', { of: emptyWorld() });
      await text(page, 'No calls in the last 24 hours');
      const steps = {
        '/traces': 'No calls in the last 24 hours',
        '/clusters': 'No clusters yet',
        '/datasets': 'No dataset yet',
        '/distillations': 'No distillation yet',
        '/aliases': 'No alias yet',
        '/students': 'No student yet',
        '/providers': 'No provider yet',
        '/keys': 'No key yet',
        '/usage': 'No calls in that time',
        '/limits': 'No key yet',
      };
      for (const [address, sentence] of Object.entries(steps)) {
        await page.goto(address);
        await text(page, sentence);
        expect(await page.getByRole('alert').count()).toBe(0);
      }
    });

    it('shows the reason of a failure and gets over it', async () => {
      const { page } = await open('/', {});
      await settled(page);
      world().down = true;
      await page.goto('/students');
      await text(page, 'ClickHouse does not answer.');
      world().down = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await text(page, 'support-thin');
      expect(await page.getByRole('alert').count()).toBe(0);
      // A name with a dot is an address of the console, not a file.
      await page.goto('/students/support-1.5');
      await text(page, 'There is no /api/students/support-1.5.');
    });
  });

  it('shows the day and who answers', async () => {
    const { page } = await open('/');
    await text(page, 'Who answers today');
    await text(page, 'model=');
    // its own calls, not all of the target's
    await text(page, '60 calls · 2 errors');
    expect(await page.getByText(world().overview.calls.toLocaleString('en-US'), { exact: true }).count()).toBe(1);
    await page.locator('.recharts-surface').first().waitFor();
  });

  describe('traces', () => {
    it('are filtered by the address, which can be passed on', async () => {
      const { page } = await open('/traces?status=error');
      await settled(page);
      await page.getByText('that is all').waitFor();
      const failed = world().traces.filter((trace) => trace.status === 'error').length;
      expect(await page.locator('tbody tr').count()).toBe(failed);
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await page.getByLabel('Metadata').fill('call=c-17');
      await page.waitForURL(/meta=/);
      await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
    });

    it('come page by page and open beside the list, by the keyboard too', async () => {
      const { page } = await open('/traces');
      await settled(page);
      const scrolledToTheEnd = async () => {
        await page.mouse.wheel(0, 20_000);
        return page.getByText('130 traces, that is all').count();
      };
      await expect.poll(scrolledToTheEnd, { timeout: 20_000 }).toBe(1);
      await page.locator('tbody button').first().focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/trace=/);
      await page.getByRole('dialog').getByText('Classify the customer').waitFor();
      await page.getByRole('tab', { name: 'JSON' }).click();
      await page.getByText('"temperature": 0').waitFor();
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.search.includes('trace='));
    });
  });

  describe('a distillation', () => {
    it('has a report card that says what was decided', async () => {
      const { page } = await open('/distillations/support-2');
      await text(page, 'With 95 % confidence the student is at least as good as the teacher');
      await page.getByRole('img', { name: /Student minus teacher: \+4\.5 points/ }).waitFor();
      expect(await page.getByText('1,219× cheaper').count()).toBe(1);
    });

    it('is followed live, paused and cancelled after a question', async () => {
      const { page } = await open('/distillations/support-3');
      await text(page, '1,730 of 2,814');
      world().runs[0]!.stages[0]!.done = 2100;
      world().runs[0]!.spentUsd = 0.7184;
      await text(page, '2,100 of 2,814');
      await text(page, '$0.718');
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Resume' }).waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(world().changes.map((change) => change.path)).toEqual(['/api/distillations/support-3/pause']);
      await page.getByRole('button', { name: 'Cancel the run' }).click();
      await text(page, 'cancelled');
      expect(world().changes.at(-1)?.path).toBe('/api/distillations/support-3/cancel');
    });

    it('that was refused is taken up again, with the reason at its field', async () => {
      const refused = busyWorld();
      refused.runs.find((run) => run.name === 'refunds-1')!.error = 'maxUsd: the cap is too low';
      const { page } = await open('/distillations/refunds-1', { of: refused });
      await page.getByRole('link', { name: 'Change and start again' }).click();
      await page.getByText('the cap is too low', { exact: true }).waitFor();
      expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('refunds-1');
    });

    it('is started by a form that shows refusals at their fields', async () => {
      const { page } = await open('/new-distillation?dataset=support');
      await settled(page);
      await page.getByLabel('Cap').fill('0.1');
      await page.getByRole('textbox', { name: 'Name' }).fill('no spaces here');
      const start = page.getByRole('button', { name: 'Start the distillation' });
      await start.click();
      await text(page, /must be 1 to 64 letters/);
      await page.getByRole('textbox', { name: 'Name' }).fill('support-9');
      await start.click();
      await text(page, 'The first batch may cost $0.62, and the cap is $0.1.');
      await page.getByLabel('Cap').fill('5');
      await start.click();
      await page.waitForURL(/distillations\/support-9/);
      expect(world().changes.at(-1)?.body).toMatchObject({ dataset: 'support', name: 'support-9', maxUsd: 5 });
    });
  });

  describe('an alias', () => {
    it('gets a new version with targets, weights and a reason', async () => {
      const { page } = await open('/aliases/support');
      await settled(page);
      await page.getByRole('button', { name: 'Add a target' }).click();
      await page.getByLabel('Target', { exact: true }).nth(1).fill('openai/gpt-5o');
      await page.getByLabel('Reason').fill('a canary');
      const save = page.getByRole('button', { name: 'Save as a new version' });
      await save.click();
      await text(page, 'There is no target "openai/gpt-5o".');
      await page.getByLabel('Target', { exact: true }).nth(1).fill('openai/gpt-4o');
      await page.getByLabel('Weight').nth(1).fill('3');
      await page.getByLabel('Keep answers for').fill('3600');
      await page.getByLabel('Ask the next as well after').fill('5');
      await save.click();
      await page.getByText(/must be at least 10/).waitFor();
      expect(await page.getByLabel('Ask the next as well after').inputValue()).toBe('5 ms');
      await page.getByLabel('Ask the next as well after').fill('500');
      await save.click();
      await text(page, 'Version 5');
      await text(page, 'answered again from its answer for 3,600 s');
      const sent = world().changes.at(-1)?.body as AliasInput;
      expect(sent.targets).toEqual([
        { target: 'student/support-2', weight: 1 },
        { target: 'openai/gpt-4o', weight: 3 },
      ]);
      expect(sent).toMatchObject({ cache: { ttlSeconds: 3600 }, hedge: { afterMs: 500 }, reason: 'a canary' });
    });

    it('is listed with its cache and its hedge, and keeps what is not touched', async () => {
      const { page } = await open('/aliases');
      await text(page, 'answers kept for 3,600 s, hedged after 800 ms');
      await page.getByRole('link', { name: 'support' }).click();
      await page.getByLabel('Keep answers for').fill('');
      await page.getByLabel('Ask the next as well after').fill('700000');
      const save = page.getByRole('button', { name: 'Save as a new version' });
      await save.click();
      await text(page, /must be at most 600000/);
      await page.getByLabel('Ask the next as well after').fill('800');
      await save.click();
      await text(page, 'Version 5');
      const { cache, hedge, fallbacks } = world().changes.at(-1)!.body as AliasInput;
      expect([cache, hedge, fallbacks]).toEqual([undefined, { afterMs: 800 }, ['openai/gpt-4o']]);
      await text(page, /^hedged after 800 ms$/);
    });

    it('goes back to an earlier version after a question', async () => {
      const { page } = await open('/aliases/support');
      await settled(page);
      await page.getByRole('button', { name: 'Roll back' }).last().click();
      expect(world().changes).toEqual([]);
      await page.getByRole('button', { name: 'Back to version 1' }).click();
      await text(page, 'Version 5');
      expect(world().aliases.get('support')?.at(-1)?.targets).toEqual([{ target: 'openai/gpt-4o', weight: 1 }]);
    });
  });
});
