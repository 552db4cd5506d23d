import { Hono } from 'hono';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { createLogger } from '../../platform/logger.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { openKeptAnswers } from '../cache/open-kept-answers.ts';
import type { GatewayContext } from '../keys/caller.ts';
import { createKeyRing } from '../keys/key-ring.ts';
import { createCatalogue } from '../providers/catalogue.ts';
import type { ProviderAnswer } from '../providers/provider.ts';
import { gatewayMetrics } from '../observability/metrics.ts';
import { alone } from '../processes/siblings.ts';
import { circuitBreakers } from '../routing/circuit-breaker.ts';
import { Conversations } from '../ways-in/responses/conversations.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { toResponse } from './answer.ts';
import { chatCompletions } from './completions.ts';

const WHOLE = { form: 'whole', status: 200, headers: {}, text: '{"choices":[{"message":{"role":"assistant","content":"hi"}}]}' } as const;

const log = createLogger('test', 'silent');
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-completions-'));
const { idempotency, cache } = openKeptAnswers({
  valkey: null,
  paths: { idempotency: folder, cache: join(folder, 'cache'), answersKey: join(folder, 'key') },
  masterKey: 'm',
  log,
});
afterAll(() => {
  idempotency.close();
  cache.close();
  rmSync(folder, { recursive: true, force: true });
});

let ended: TraceRow[];
let inFlight = 0;
let record: () => Promise<void>;
beforeEach(() => {
  ended = [];
  inFlight = 0;
  record = () => Promise.resolve();
});

/** Calls a model whose provider gives that answer. */
async function post(answer: ProviderAnswer, body: object = {}): Promise<Response> {
  const tracer = {
    begin: () => Promise.resolve(),
    end: (row: TraceRow) => {
      ended.push(row);
      return record();
    },
  } as unknown as Tracer;
  const provider = {
    id: 'lab',
    call: () => Promise.resolve(answer),
    cost: () => null,
    targets: () => [],
    close: () => Promise.resolve(),
  };
  const app = new Hono<GatewayContext>().post('/', async (c) =>
    toResponse(
      await chatCompletions({
        keys: createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s' }),
        snapshots: { current: emptySnapshot, refresh: () => Promise.reject(new Error('not asked')), ready: () => true },
        catalogue: createCatalogue([provider]),
        tracer,
        observers: [],
        metrics: gatewayMetrics([]),
        siblings: alone(() => ({ metrics: '', spool: { segments: 0, bytes: 0, oldestAgeS: 0 }, breakers: [] })),
        conversations: new Conversations(() => Promise.resolve(null)),
        idempotency,
        cache,
        admission: {
          enter: () => void inFlight++,
          leave: () => void inFlight--,
          inFlight: () => inFlight,
          shed: () => 0,
          close: () => undefined,
        },
        limits: { enter: () => null, hold: () => null, ended: () => undefined, liveValues: () => [], close: () => undefined },
        breakers: circuitBreakers({ failures: 10, openMs: 1000, maxOpenMs: 1000 }, () => performance.now()),
        retry: { retries: 0, baseMs: 1, maxMs: 1 },
        maxBodyBytes: 1e6,
        now: Date.now,
        random: Math.random,
        log,
      })(c),
    ),
  );
  const asked = { model: 'lab/m', messages: [{ role: 'user', content: 'x' }], ...body };
  return app.request('/', { method: 'POST', headers: { authorization: 'Bearer sk-a' }, body: JSON.stringify(asked) });
}

test('an answer that could not be recorded is refused, and its call gets no second row', async () => {
  record = () => Promise.reject(new StillhouseError('unavailable', 'the disk is full'));
  expect((await post(WHOLE)).status).toBe(503);
  expect(ended.map((row) => row.status)).toEqual(['ok']);
  expect(inFlight).toBe(0);
});

test('a stream that fails within the gateway ends with an error frame, a trace, and its place given back', async () => {
  const chunks = ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n'];
  const body = new Readable({
    read() {
      const next = chunks.shift();
      if (next === undefined) body.destroy(new TypeError('a fault of our own'));
      else body.push(next);
    },
  });
  const answer = await post({ form: 'stream', status: 200, headers: {}, body }, { stream: true });
  expect(await answer.text()).toContain('"code":"internal"');
  expect(ended).toMatchObject([{ status: 'error', error_class: 'internal' }]);
  expect(inFlight).toBe(0);
});

test('a message with a part that is none is recorded all the same', async () => {
  expect((await post(WHOLE, { messages: [{ role: 'user', content: [null, { type: 'text', text: 'x' }] }] })).status).toBe(200);
  expect(ended).toMatchObject([{ status: 'ok', prompt_text: 'x', answer_text: 'hi' }]);
});
