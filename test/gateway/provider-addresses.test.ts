import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { parseEmbeddingsRequest } from '../../gateway/embeddings/embeddings-request.ts';
import { CancelSignal } from '../../gateway/providers/cancel-signal.ts';
import { providerOf } from '../../gateway/providers/kinds.ts';
import { ask, providerAt } from './provider-bench.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

/** Providers whose addresses are of the operator's own. */

let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream?.stop());

const DATED = '2024-10-21';
test.each([
  ['', undefined, '/openai/v1/chat/completions'],
  ['/openai', undefined, '/openai/v1/chat/completions'],
  ['/openai/v1/', 'preview', '/openai/v1/chat/completions?api-version=preview'],
  ['', DATED, `/openai/deployments/my%2Fgpt/chat/completions?api-version=${DATED}`],
  ['/openai/v1', `${DATED}-preview`, `/openai/deployments/my%2Fgpt/chat/completions?api-version=${DATED}-preview`],
])('Azure: at "%s", version %s, a deployment is called at %s', async (base, apiVersion, path) => {
  upstream.answer = answerWith('fine');
  const provider = providerAt('azure-openai', `${upstream.url}${base}`, apiVersion === undefined ? {} : { apiVersion });
  await ask(provider, {}, { model: 'my/gpt' });
  expect(upstream.asked.at(-1)).toMatchObject({ path, body: { model: 'my/gpt' } });
  const request = parseEmbeddingsRequest('{"model":"x","input":"Hi"}', undefined, false);
  await provider.embed!({ model: 'my/gpt', request, snapshot: emptySnapshot('default'), signal: new CancelSignal() });
  expect(upstream.asked.at(-1)!.path).toBe(path.replace('chat/completions', 'embeddings'));
});

test('Azure has no address of its own, and versions that it knows', () => {
  const azure = { kind: 'azure-openai', baseUrl: 'https://a.openai.azure.com' };
  expect(ProviderConfig.parse(azure)).toMatchObject({ id: 'azure-openai', apiKeyEnv: 'AZURE_OPENAI_API_KEY' });
  expect(ProviderConfig.safeParse({ kind: 'azure-openai' }).success).toBe(false);
  expect(ProviderConfig.safeParse({ ...azure, apiVersion: '2024-10-21/../x' }).success).toBe(false);
});

test.each(['ollama', 'vllm'] as const)('%s is on this machine, which must be allowed', async (kind) => {
  const config = ProviderConfig.parse({ kind, models: [{ id: 'm' }] });
  const provider = providerOf(config, () => undefined);
  expect(config.apiKeyEnv).toBeUndefined();
  await expect(ask(provider, {})).rejects.toMatchObject({
    code: 'upstream_unreachable',
    message: expect.stringContaining('allowPrivateAddress'),
  });
  expect(provider.targets(emptySnapshot('default'))).toMatchObject([{ target: `${kind}/m`, ready: false, inputUsdPerMTok: null }]);
  upstream.answer = answerWith('fine');
  await ask(providerAt(kind, upstream.url), {});
  expect(upstream.asked.at(-1)!.headers).not.toHaveProperty('authorization');
});
