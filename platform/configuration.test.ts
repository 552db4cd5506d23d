import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfiguration } from './configuration.ts';

const path = join(mkdtempSync(join(tmpdir(), 'stillhouse-configuration-')), 'stillhouse.yaml');

/** What is said of a file that is not usable, without its address. */
function refusal(text: string): string {
  writeFileSync(path, text);
  try {
    loadConfiguration(path);
  } catch (error) {
    return (error as Error).message.replace(path, '').replace(' is not usable. ', '');
  }
  throw new Error(`taken: ${text}`);
}

test.each([
  ['provider: []', 'the file has no field "provider" (there are providers, bases, studentServers, webhooks, limits).'],
  ['- kind: openai', 'the file must be a group of fields, not a list.'],
  ['providers: { openai: {} }', 'providers must be a list, not a group of fields.'],
  ['providers: [{ kind: openai, models: [gpt-4o] }]', 'providers[0].models[0] ("openai") must be a group of fields, not a text.'],
  ['providers: [{ kind: openai, models: }]', 'providers[0].models ("openai") is empty: give it a value, or leave it out.'],
  ['providers: [{ kind: openai-compatible, id: mine }]', 'providers[0].baseUrl ("mine") is missing.'],
  [
    'providers: [{ kind: openai-compatible, id: mine, baseUrl: "localhost:8000" }]',
    'providers[0].baseUrl ("mine") must be an address that begins with http:// or https://.',
  ],
  ['providers: [{ kind: openai }, { kind: openai }]', 'providers: two of them have the id "openai": give each an id of its own.'],
  [
    'providers: [{ kind: openai, models: [{ id: a }, { id: b }, { id: b }] }]',
    'providers[0].models ("openai"): two of them have the id "b": give each an id of its own.',
  ],
  [
    'providers: [{ kind: openai, timeouts: { connectMs: 0 }, models: [{ id: a, outputUsdPerMTok: -1 }] }]\nlimits: { retries: "2", breakerFailures: 1.5 }',
    'providers[0].models[0].outputUsdPerMTok ("openai") must be at least 0; providers[0].timeouts.connectMs ("openai") must be more than 0; ' +
      'limits.retries must be a number, not a text; limits.breakerFailures must be a whole number.',
  ],
])('%s', (text, said) => {
  expect(refusal(text)).toBe(said);
});

test('an unknown field: those that there are', () => {
  expect(refusal('providers: [{ kind: openai, apiKey: x }]')).toMatch(
    /^providers\[0\] \("openai"\) has no field "apiKey" \(there are .*apiKeyEnv.*\)\.$/,
  );
});

test('an unknown kind: those that there are, and nothing of what follows from it', () => {
  expect(refusal('providers: [{ kind: opnai }]')).toMatch(
    /^providers\[0\]\.kind must be one of openai-compatible, openai, .*, not "opnai"\.$/,
  );
});

test('a key in the place of its variable is refused, and said nowhere', () => {
  const said = refusal('providers: [{ kind: openai, apiKeyEnv: sk-proj-123 }, { kind: groq, apiKey: sk-hidden }]');
  expect(said).toContain(
    'providers[0].apiKeyEnv ("openai"): must be the name of an environment variable that holds the key, not the key itself',
  );
  expect(said).not.toMatch(/123|hidden/);
});
