import { expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { providerOf } from '../../gateway/providers/kinds.ts';
import { ask } from './provider-bench.ts';
import { startUpstream } from './upstream.ts';

test('an API key of Bedrock’s is taken up without a restart, and another one too', async () => {
  const upstream = await startUpstream((_asked, response) => {
    const message = { role: 'assistant', content: [{ text: 'four' }] };
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ output: { message }, stopReason: 'end_turn', usage }));
  });
  let key: string | undefined;
  const config = { kind: 'bedrock', baseUrl: upstream.url, allowPrivateAddress: true, apiKeyEnv: 'BEDROCK_KEY' };
  const provider = providerOf(ProviderConfig.parse(config), (name) => (name === 'BEDROCK_KEY' ? key : undefined));
  await expect(ask(provider, {})).rejects.toMatchObject({ code: 'provider_key_missing' });
  for (key of ['first', 'second']) {
    await Promise.all([ask(provider, {}), ask(provider, {})]);
    expect(upstream.asked.splice(0).map(({ headers }) => headers.authorization)).toEqual([`Bearer ${key}`, `Bearer ${key}`]);
  }
  await provider.close();
  await upstream.stop();
});
