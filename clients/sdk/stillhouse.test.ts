import { expect, test } from 'vitest';
import { Stillhouse, StillhouseApiError, waitFor } from './index.ts';

/** An SDK over a `fetch` that answers from a list and remembers what it was asked. */
function sdkOver(...answers: (Response | Error)[]) {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    asked.push({ url: String(url), init });
    const answer = answers.shift() ?? new Error('nothing left');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, sdk: new Stillhouse({ url: 'http://gateway/', apiKey: 'k', fetch: fetch as typeof globalThis.fetch }) };
}

test('a request carries the key, the query and the body', async () => {
  const { sdk, asked } = sdkOver(Response.json({ items: [], nextCursor: null }), Response.json({ name: 'a b' }));
  await sdk.traces.page({ alias: 'support', metadata: { 'run id': 'x&y' }, limit: 5 });
  expect(asked[0]!.url).toBe('http://gateway/api/traces?alias=support&limit=5&metadata%5Brun+id%5D=x%26y');
  expect(new Headers(asked[0]!.init.headers).get('authorization')).toBe('Bearer k');
  await sdk.aliases.set('a b', { targets: [{ target: 'lab/x', weight: 1 }] }, { idempotencyKey: 'once' });
  expect(asked[1]).toMatchObject({
    url: 'http://gateway/api/aliases/a%20b',
    init: { method: 'PUT', body: '{"targets":[{"target":"lab/x","weight":1}]}' },
  });
  expect(new Headers(asked[1]!.init.headers).get('idempotency-key')).toBe('once');
});

test('problem details become the error', async () => {
  const problem = {
    type: '',
    title: 'Conflict',
    status: 409,
    detail: 'differs',
    code: 'conflict',
    param: 'name',
    data: { differing: ['seed'] },
  };
  const { sdk } = sdkOver(Response.json(problem, { status: 409 }), new Response('<html>', { status: 502 }), new TypeError('fetch failed'));
  await expect(sdk.overview()).rejects.toMatchObject({
    status: 409,
    code: 'conflict',
    param: 'name',
    message: 'differs',
    data: { differing: ['seed'] },
    retryable: false,
  });
  await expect(sdk.overview()).rejects.toMatchObject({ status: 502, code: 'unknown', retryable: true });
  const unreachable = await sdk.overview().catch((error: unknown) => error);
  expect(unreachable).toBeInstanceOf(StillhouseApiError);
  expect(unreachable).toMatchObject({ status: 0, code: 'unreachable', retryable: true });
});

test('lists go on from page to page', async () => {
  const { sdk, asked } = sdkOver(
    Response.json({ items: [{ id: 1 }], nextCursor: 'n' }),
    Response.json({ items: [{ id: 2 }], nextCursor: null }),
  );
  expect(await Array.fromAsync(sdk.traces.list())).toEqual([{ id: 1 }, { id: 2 }]);
  expect(asked[1]!.url).toContain('cursor=n');
});

test('a followed run goes on after a broken connection, from the last event', async () => {
  const stream = (text: string) => new Response(text, { headers: { 'content-type': 'text/event-stream' } });
  const event = (sequence: number) => `event: event\nid: ${sequence}\ndata: {"sequence":${sequence}}\n\n`;
  const { sdk, asked } = sdkOver(stream(event(1)), stream(`${event(2)}event: state\ndata: {"status":"completed"}\n\n`));
  const updates = await Array.fromAsync(sdk.distillations.follow('run'));
  expect(updates.map((update) => update.kind)).toEqual(['event', 'event', 'state']);
  expect(new Headers(asked[1]!.init.headers).get('last-event-id')).toBe('1');
});

test('waiting outlasts a gateway that is away, not a refusal', async () => {
  const { sdk } = sdkOver(
    new TypeError('fetch failed'),
    Response.json({ status: 'building' }),
    Response.json({ status: 'ready' }),
    Response.json({ code: 'not_found', detail: 'no' }, { status: 404 }),
  );
  const ready = await sdk.datasets.waitUntilBuilt('d', undefined, { intervalMs: 1 });
  expect(ready.status).toBe('ready');
  await expect(sdk.datasets.waitUntilBuilt('d', undefined, { intervalMs: 1 })).rejects.toMatchObject({ code: 'not_found' });
  await expect(
    waitFor(
      'It',
      async () => 1,
      () => false,
      { timeoutMs: 0 },
    ),
  ).rejects.toMatchObject({ name: 'TimeoutError' });
});
