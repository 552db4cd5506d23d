import { expect, test } from 'vitest';
import type { ProviderView } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const hour = { attempts: 1200, errors: 30, errorRate: 0.025, p50Ms: 412.6, p95Ms: 1900 };
const model = { target: 'groq/llama', configured: true, inputUsdPerMTok: 0.59, outputUsdPerMTok: null };
const PROVIDERS: ProviderView[] = [
  {
    id: 'groq',
    kind: 'groq',
    key: { set: true, from: 'api', variable: 'GROQ_API_KEY' },
    ready: true,
    reason: '',
    models: [
      { ...model, breaker: 'open', probeInMs: 42_000, lastHour: hour },
      {
        ...model,
        target: 'groq/other',
        configured: false,
        breaker: 'closed',
        probeInMs: 0,
        lastHour: { ...hour, errors: 0, errorRate: 0 },
      },
    ],
    lastHour: hour,
    lastErrors: [{ at: '2026-05-01T11:58:00Z', traceId: 'trace-1', target: 'groq/llama', status: 0, errorClass: 'upstream_timeout' }],
  },
  {
    id: 'openai',
    kind: 'openai',
    key: { set: false, from: null, variable: 'OPENAI_API_KEY' },
    ready: false,
    reason: 'It needs its key',
    models: [],
    lastHour: null,
    lastErrors: null,
  },
];

const asked: unknown[][] = [];
const providerKeys = {
  set: async (...parts: unknown[]) => (asked.push(parts), { provider: 'groq', version: 1, set: true, from: 'api', createdAt: '' }),
  remove: async (...parts: unknown[]) => (
    asked.push(parts),
    { provider: 'groq', version: 2, set: false, from: 'environment', createdAt: '' }
  ),
};

async function run(...args: string[]): Promise<string> {
  let text = '';
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: (more: string) => (text += more) }, { json: command.opts()['json'] === true, colour: false }),
        connection: () => ({ client: { providers: async () => PROVIDERS, providerKeys } }),
        readSecret: async () => 'gsk-typed',
        now: () => Date.parse('2026-05-01T12:00:00Z'),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', 'providers', ...args]);
  return text;
}

test('the list says how each provider stands and did', async () => {
  const text = await run();
  expect(text).toMatch(/● +groq +groq +set by the API +2 +1,200 +30 \(2\.5 %\) +413 ms +1900 ms +1 open/);
  expect(text).toMatch(/✗ +openai +openai +missing +0 +– +– +– +– +closed +It needs its key/);
});

test('one provider is shown with its models and its last errors', async () => {
  const text = await run('show', 'groq');
  expect(text).toMatch(/key +set by the API \(GROQ_API_KEY\)/);
  expect(text).toMatch(/groq\/llama +\$0\.59 +– +open, tried again in 42 s/);
  expect(text).toContain('groq/other (not in stillhouse.yaml)');
  expect(text).toMatch(/2 min ago +groq\/llama +no answer +upstream_timeout +trace-1/);
  await expect(run('show', 'gorq')).rejects.toThrow('no provider "gorq". Those of stillhouse.yaml: groq, openai');
});

test('a key is read from the input, not from the command line, and not shown', async () => {
  const text = await run('set-key', 'groq');
  expect(asked.splice(0)).toEqual([['groq', 'gsk-typed']]);
  expect(text).toContain('The key of groq is stored, encrypted.');
  expect(text + (await run('--json', 'set-key', 'groq'))).not.toContain('gsk-typed');
  asked.length = 0;
  await expect(run('set-key', 'groq', 'gsk-argument')).rejects.toThrow('too many arguments');
  expect(asked).toEqual([]);
  expect(await run('remove-key', 'groq')).toContain("The environment's key counts again.");
});
