import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, USAGE } from './upstream.ts';

test('a server that answers whole where a stream is asked for: the caller gets a stream, by each way in', async () => {
  const call = { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"q":1}' } };
  const message = { role: 'assistant', content: 'Looking', tool_calls: [call] };
  const upstream = await startUpstream(answerWith('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }));
  const gateway = await startGatewayProcess({ clickhouseUrl: 'http://127.0.0.1:9', providers: [labProvider(upstream.url)] });
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: ADMIN_KEY, maxRetries: 0 });
  const asked = { model: 'lab/test', messages: [{ role: 'user' as const, content: 'Hi' }] };

  const { data, response } = await openai.chat.completions
    .create({ ...asked, stream: true, stream_options: { include_usage: true } })
    .withResponse();
  const chunks = await Array.fromAsync(data);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Looking');
  expect(chunks[0]!.choices[0]!.delta.tool_calls).toEqual([{ index: 0, ...call }]);
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? null)).toEqual([null, 'tool_calls', null]);
  expect(chunks.at(-1)!.usage).toEqual(USAGE);
  const row = spooledRows(gateway.home).find(({ id }) => id === response.headers.get(HEADERS.traceId));
  expect(row).toMatchObject({ status: 'ok', streamed: true, answer_text: 'Looking', tokens_out: 4, finish_reason: 'tool_calls' });

  const said = await anthropic.messages.stream({ ...asked, max_tokens: 9 }).finalMessage();
  expect(said.content).toMatchObject([
    { type: 'text', text: 'Looking' },
    { type: 'tool_use', name: 'look_up', input: { q: 1 } },
  ]);
  const final = await openai.responses.stream({ model: 'lab/test', input: 'Hi' }).finalResponse();
  expect(final.output).toMatchObject([{ type: 'message' }, { type: 'function_call', name: 'look_up' }]);

  await gateway.dispose();
  await upstream.stop();
});
