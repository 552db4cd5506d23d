import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, SERVICE_KEY, startGatewayProcess } from './gateway-process.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number };
}

let upstream: TestUpstream;
let collector: Server;
let gateway: GatewayProcess;
const spans: Span[] = [];
const services = new Set<string>();
const messages = [{ role: 'user', content: 'A text that no log and no span may hold' }];
let bodies = '';

beforeAll(async () => {
  upstream = await startUpstream();
  collector = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      bodies += text;
      const { resourceSpans } = JSON.parse(text) as {
        resourceSpans: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[];
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        services.add(String(resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue']));
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 3 },
    providers: [labProvider(upstream.url), labProvider('http://127.0.0.1:9', { id: 'gone', kind: 'mistral', apiKeyEnv: 'GONE_KEY' })],
    aliases: { smart: { targets: [{ target: 'gone/test', weight: 1 }], fallbacks: ['lab/test'] } },
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      GONE_KEY: 'k',
    },
  });
});

afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  collector?.close();
});

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/** A call whose first token comes before its end. */
async function callStreamed(): Promise<void> {
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    setTimeout(() => response.end(`${chunkFrame({ content: 'a' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`), 20);
  };
  await (await gateway.post({ model: 'lab/test', messages, stream: true })).text();
}

test('a call is a span with one inside for each attempt, under the caller’s own', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const got = await gateway.post({ model: 'smart', messages }, { traceparent });
  await got.text();
  await expect.poll(() => spans.length, { timeout: 10_000 }).toBe(3);
  const call = spans.find(({ name }) => name === 'chat smart')!;
  expect([call.traceId, call.parentSpanId]).toEqual(['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']);
  const attributesOf = (span: Span) => Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  const attributes = attributesOf(call);
  expect(Object.values(attributes)).not.toContain('');
  expect(attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'lab',
    'gen_ai.request.model': 'smart',
    'gen_ai.response.model': 'test-model-1',
    'gen_ai.usage.input_tokens': USAGE.prompt_tokens,
    'gen_ai.usage.output_tokens': USAGE.completion_tokens,
    'stillhouse.trace_id': got.headers.get(HEADERS.traceId),
    'stillhouse.attempts': 2,
  });
  const attempts = spans.filter(({ parentSpanId }) => parentSpanId === call.spanId);
  expect(attempts.map(({ status }) => status.code)).toEqual([2, 0]);
  // The conventions' name of a provider of that kind, and no status of one that did not answer.
  expect(attempts.map(attributesOf)).toEqual([
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'mistral_ai',
      'gen_ai.request.model': 'test',
      'error.type': 'upstream_unreachable',
      'stillhouse.target': 'gone/test',
    },
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'lab',
      'gen_ai.request.model': 'test',
      'http.response.status_code': 200,
      'stillhouse.target': 'lab/test',
    },
  ]);
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
  expect([...services]).toEqual(['stillhouse-gateway']);
  expect(bodies).not.toContain('no span may hold');
});

test('a malformed traceparent is none', async () => {
  spans.length = 0;
  await (await gateway.post({ model: 'lab/test', messages }, { traceparent: '00-zz-1-01' })).text();
  await expect.poll(() => spans.length, { timeout: 10_000 }).toBe(2);
  expect(spans.find(({ name }) => name === 'chat lab/test')!.parentSpanId ?? '').toBe('');
});

test('metrics count calls, attempts, tokens, cost, first tokens, overhead, breakers', async () => {
  const before = await metrics();
  const risen = async (name: string) => ((await metrics()).get(name) ?? 0) - (before.get(name) ?? 0);
  upstream.answer = answerWith('four');
  await (await gateway.post({ model: 'smart', messages })).text();
  expect(await risen('stillhouse_requests_total{alias="smart",target="lab/test",status="ok",error_class=""}')).toBe(1);
  expect(await risen('stillhouse_attempts_total{target="gone/test",error_class="upstream_unreachable"}')).toBe(1);
  expect(await risen('stillhouse_tokens_total{target="lab/test",kind="input"}')).toBe(USAGE.prompt_tokens);
  expect(await risen('stillhouse_cost_usd_total{target="lab/test"}')).toBeCloseTo((10 * 2.5 + 4 * 10) / 1e6, 12);
  expect(await risen('stillhouse_overhead_seconds_count')).toBe(1);
  expect(await risen('stillhouse_overhead_seconds_bucket{le="0.1"}')).toBe(1);
  await callStreamed();
  expect(await risen('stillhouse_first_token_seconds_count{target="lab/test"}')).toBe(1);
  // The third failure of gone/test in a row opened its breaker: nobody goes there now.
  await (await gateway.post({ model: 'smart', messages })).text();
  expect((await metrics()).get('stillhouse_breaker_state{target="gone/test",state="open"}')).toBe(2);
  const skipped = await gateway.post({ model: 'smart', messages });
  expect(skipped.headers.get(HEADERS.attempts)).toBe('1');
  const refused = await gateway.post({ model: 'gone/test', messages });
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
  expect(await refused.json()).toMatchObject({
    error: { code: 'unavailable', message: expect.stringContaining('failed again and again') },
  });
  const providers = await fetch(`${gateway.url}/api/providers`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  expect(await providers.json()).toMatchObject({
    items: [
      { id: 'lab', ready: true, models: [{ target: 'lab/test', inputUsdPerMTok: 2.5, breaker: 'closed' }] },
      { id: 'gone', models: [{ target: 'gone/test', breaker: 'open', lastHour: null }], lastErrors: null },
    ],
  });
  // A line in a model's name parts nothing.
  await (await gateway.post({ model: 'lab/te\nst', messages })).text();
  expect(await risen('stillhouse_requests_total{alias="",target="lab/te_st",status="error",error_class="upstream_invalid"}')).toBe(1);
});

test('Grafana’s dashboard names metrics and labels that are there', async () => {
  // A label is there once something was counted.
  upstream.answer = answerWith('four');
  await (await gateway.post({ model: 'smart', messages })).text();
  await callStreamed();
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const labels = new Map<string, Set<string>>();
  for (const [, name, pairs] of text.matchAll(/^(stillhouse_\w+)\{(.*)\} \S+$/gm)) {
    const known = labels.get(name!) ?? new Set<string>();
    for (const [, label] of pairs!.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label!);
    labels.set(name!, known);
  }
  const dashboard = readFileSync(new URL('../../infra/dashboards/gateway.json', import.meta.url), 'utf8');
  const expressions = JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] };
  const asked = expressions.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(asked.length).toBeGreaterThan(30);
  const ofPrometheus = ['job', 'instance', 'le'];
  for (const expression of asked) {
    const named = [...expression.matchAll(/(stillhouse_\w+)\{([^}]*)\}/g)];
    expect([expression, named.length > 0]).toEqual([expression, true]);
    const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names]) => names!.split(', '));
    for (const [, name, selector] of named) {
      const whole = name!.replace(/_(bucket|sum|count)$/, '');
      expect(types.get(name!) ?? (types.get(whole) === 'histogram' ? 'histogram' : undefined), `${name} in ${expression}`).toBeDefined();
      const selected = [...selector!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!);
      for (const label of [...selected, ...grouped].filter((one) => !ofPrometheus.includes(one)))
        expect([...(labels.get(name!) ?? [])], `labels of ${name} in ${expression}`).toContain(label);
    }
  }
  // What the issue asks to be seen, and the variables, too.
  for (const name of types.keys()) expect(dashboard, `${name} is on no panel`).toContain(name);
  for (const [name] of dashboard.matchAll(/stillhouse_\w+/g)) expect([...types.keys()]).toContain(name.replace(/_bucket$/, ''));
});

test('with a key for them, metrics are for who sends it and for the admin', async () => {
  const own = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [],
    env: { STILLHOUSE_METRICS_KEY: 'sk-metrics' },
  });
  try {
    const status = async (key?: string, path = '/metrics') =>
      (await fetch(`${own.url}${path}`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } })).status;
    const keys = [undefined, 'sk-metric', 'sk-metrics2', SERVICE_KEY, 'sk-metrics', ADMIN_KEY];
    expect(await Promise.all(keys.map((key) => status(key)))).toEqual([401, 401, 401, 403, 200, 200]);
    expect(await Promise.all(['/v1/models', '/api/overview'].map((path) => status('sk-metrics', path)))).toEqual([401, 401]);
    expect(await status(undefined, '/healthz')).toBe(200);
  } finally {
    await own.dispose();
  }
});
