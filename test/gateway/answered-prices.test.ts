import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

/** Deployments of Azure are called as somebody likes: their price is that of the model which the answer names. */

let upstream: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { AZURE_OPENAI_API_KEY: 'sk-test' },
    providers: [
      labProvider(upstream.url, {
        id: 'azure',
        kind: 'azure-openai',
        models: [{ id: 'ours' }, { id: 'priced', inputUsdPerMTok: 100, outputUsdPerMTok: 100 }],
      }),
    ],
  });
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
const streamed =
  (model: string): TestUpstream['answer'] =>
  (_asked, response) => {
    const chunk = (choices: object[], more: object = {}) => `data: ${JSON.stringify({ id: 'c', model, choices, ...more })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk([{ index: 0, delta: { content: 'four' }, finish_reason: 'stop' }]));
    response.end(`${chunk([], { usage: USAGE })}data: [DONE]\n\n`);
  };
const OF_GPT_4O = (10 * 2.5 + 4 * 10) / 1e6;

test.each([false, true])('a deployment has the price of its model (streamed: %s)', async (stream) => {
  const asking = async (deployment: string, model: string) => {
    upstream.answer = stream ? streamed(model) : answerWith('four', { model });
    const got = await gateway.post({ model: `azure/${deployment}`, messages, stream });
    await got.text();
    return traceOf(got);
  };
  const row = await asking('ours', 'gpt-4o-2024-08-06');
  expect(row.cost_usd).toBeCloseTo(OF_GPT_4O, 12);
  expect(row.attempts[0]!.cost_usd).toBeCloseTo(OF_GPT_4O, 12);
  expect(row.cost_input_usd! + row.cost_output_usd!).toBeCloseTo(OF_GPT_4O, 12);
  expect((await asking('ours', 'nobody-knows-it')).cost_usd).toBeNull();
  // A price of stillhouse.yaml goes before.
  expect((await asking('priced', 'gpt-4o-2024-08-06')).cost_usd).toBeCloseTo(0.0014, 12);
});
