import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

/** What a caller who goes away has used. Nobody has counted it: it is estimated by what was asked, and by all that came. */

let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 1, retryBaseMs: 1, retryMaxMs: 5000 },
    providers: [labProvider(upstream.url)],
  });
});
beforeEach(() => void (upstream.asked.length = 0));
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

/** Asks, and leaves once `ready`; the trace. */
async function left(marker: string, fields: object, ready: (call: Promise<Response>) => Promise<unknown>): Promise<TraceRow> {
  const aborter = new AbortController();
  const call = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ model: 'lab/test', messages: [{ role: 'user', content: 'Hello' }], metadata: { marker }, ...fields }),
    signal: aborter.signal,
  });
  await ready(call);
  aborter.abort();
  await call.catch(() => undefined);
  return until('a trace', () => spooledRows(gateway.home).find((one) => one.metadata['marker'] === marker));
}
const priceOf = (row: TraceRow) => (row.tokens_in * 2.5 + row.tokens_out * 10) / 1e6;
const asked = () => until('the provider is asked', () => upstream.asked.length > 0);

test.each([
  ['thoughts', { reasoning_content: 'x'.repeat(4000) }],
  ['arguments', { tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'note', arguments: 'x'.repeat(3996) } }] }],
  ['a refusal', { refusal: 'x'.repeat(4000) }],
  ['text', { content: 'x'.repeat(4000) }],
])('%s that have come are paid for', async (name, delta) => {
  upstream.answer = (_asked, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkFrame(delta));
  const row = await left(name, { stream: true }, async (call) => (await call).body!.getReader().read());
  expect(row).toMatchObject({ status: 'cancelled', tokens_out: 1000, attempts: [{ tokens_out: 1000 }] });
  expect(row.cost_usd).toBeCloseTo(priceOf(row), 12);
});

test('a picture in the request is a picture, and not a long text', async () => {
  upstream.answer = () => undefined;
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(4_000_000)}` } };
  const row = await left('picture', { messages: [{ role: 'user', content: [picture] }] }, asked);
  expect(row.tokens_in).toBeGreaterThan(1000);
  expect(row.tokens_in).toBeLessThan(2000);
  expect(row.cost_usd).toBeCloseTo(priceOf(row), 12);
  // The attempt says so too.
  expect(row.attempts).toMatchObject([{ error_class: 'cancelled', tokens_in: row.tokens_in, cost_usd: row.cost_usd }]);
});

test('who leaves while a retry waits has used nothing', async () => {
  upstream.answer = (_asked, response) => void response.writeHead(429, { 'retry-after': '4' }).end('{}');
  const waiting = async () => {
    await asked();
    // What the gateway was sent before this has been read by its answer.
    await (await gateway.post({ model: 'nobody', messages: [{ role: 'user', content: '' }] })).text();
  };
  expect(await left('waiting', {}, waiting)).toMatchObject({ status: 'cancelled', tokens_in: 0, cost_usd: 0, attempts: [{ status: 429 }] });
});
