import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { startUpstream, type TestUpstream } from '../gateway/upstream.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  gateway = await startGatewayProcess({ clickhouseUrl: clickhouse.url, providers: [labProvider(upstream.url)] });
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});

const pictures = Array.from({ length: 5 }, () => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(20_000)]));
const messagesOf = (n: number) => [
  { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${pictures[n % 5]!.toString('base64')}` } }] },
];

test('every answered call with an image has its trace and its image, whatever is killed, and is counted once', async () => {
  const answered = new Map<string, number>();
  let on = true;
  let asked = 0;
  const caller = async () => {
    while (on) {
      const n = asked++;
      try {
        const answer = await gateway.post({ model: 'test', messages: messagesOf(n) });
        await answer.text();
        if (answer.ok) answered.set(answer.headers.get(HEADERS.traceId)!, n);
      } catch {
        // Between two lives of the gateway.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const callers = [caller(), caller(), caller()];
  for (let strike = 1; strike <= 3; strike++) {
    const before = answered.size;
    await until('answers', () => answered.size > before + 40);
    await (strike === 2 ? Promise.all([gateway.kill(), clickhouse.kill()]) : gateway.kill());
    if (strike === 2) await clickhouse.restart();
    await gateway.restart();
  }
  on = false;
  await Promise.all(callers);
  const count = async (query: string) => (await clickhouse.client.query({ query, format: 'CSV' })).text();
  await until(
    'all traces',
    async () => Number(await count("SELECT uniqExact(id) FROM traces WHERE status = 'ok'")) >= answered.size,
    60_000,
  );
  for (const [id, n] of answered) {
    const answer = await fetch(`${gateway.url}/api/traces/${id}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(((await answer.json()) as { request: { messages: unknown } }).request.messages).toEqual(messagesOf(n));
  }
  expect(readdirSync(join(gateway.home, 'artifacts', 'images', 'default'))).toHaveLength(5);
  expect(await count("SELECT countIf(position(request, 'base64') > 0) FROM traces")).toBe('0\n');
  // Views were filled once, too.
  const rows = await count('SELECT count() FROM traces');
  expect(await count('SELECT sum(calls) FROM usage_days')).toBe(rows);
  expect(await count('SELECT sum(calls) FROM usage_minutes')).toBe(rows);
});
