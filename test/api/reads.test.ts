import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestClickHouse } from '../support/clickhouse.ts';
import type { TestClickHouse } from '../support/clickhouse.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { storeImage } from '../../store/images/stored-images.ts';
import { startControlPlane } from './control-plane.ts';
import type { TestControlPlane } from './control-plane.ts';
import { traceRow } from './trace-row.ts';

let clickhouse: TestClickHouse;
let plane: TestControlPlane;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  const rows = [1, 2, 3, 4, 5].map((n) =>
    traceRow(n, { alias: n % 2 ? 'support' : 'sales', metadata: { run: `r${n % 2}`, call: `c${n}` } }),
  );
  const lines = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  await insertTraceSegment(clickhouse.client, { token: 'segment-1', lines });
});
afterAll(async () => {
  await plane?.close();
  await clickhouse?.stop();
});

describe('traces', () => {
  test('come newest first, in pages', async () => {
    const first = await plane.call('GET', '/api/traces?limit=2');
    expect(first.status).toBe(200);
    expect(first.body.items.map((trace: { metadata: { call: string } }) => trace.metadata.call)).toEqual(['c5', 'c4']);
    const all = await Array.fromAsync(plane.sdk.traces.list({ limit: 2 }));
    expect(all.map((trace) => trace.metadata['call'])).toEqual(['c5', 'c4', 'c3', 'c2', 'c1']);
  });

  test('are filtered by alias and metadata', async () => {
    const page = await plane.sdk.traces.page({ alias: 'support', metadata: { run: 'r1', call: 'c3' } });
    expect(page.items).toHaveLength(1);
    const whole = await plane.sdk.traces.get(page.items[0]!.id);
    expect(whole).toMatchObject({ alias: 'support', request: { model: 'support' }, attempts: [{ target: 'lab/oracle-large' }] });
  });

  test('one whose texts are too deep to be written is shown with them as texts', async () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const row = traceRow(0, { request: `{"messages":${deep}}`, response: deep });
    await insertTraceSegment(clickhouse.client, { token: 'segment-deep', lines: Buffer.from(JSON.stringify({ ...row, project: 'deep' })) });
    const shown = await plane.call('GET', `/api/traces/${row.id}`, undefined, { 'x-stillhouse-project': 'deep' });
    expect(shown).toMatchObject({ status: 200, body: { request: row.request, response: row.response } });
  });

  test('a misspelt filter and an unknown id are refused', async () => {
    const misspelt = await plane.call('GET', '/api/traces?alais=support');
    expect(misspelt).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', param: 'alais', detail: expect.stringContaining('alias') },
    });
    expect((await plane.call('GET', '/api/traces?limit=0')).body.detail).toMatch(/^limit: /);
    expect((await plane.call('GET', '/api/traces/nope')).status).toBe(404);
  });
});

test('an image is read by its hash, of its own project only', async () => {
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('x')]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await storeImage(openArtifactStore(plane.artifacts), 'default', sha256, bytes);
  const answer = await plane.app.request(`/api/images/${sha256}`);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  expect((await plane.call('GET', `/api/images/${sha256}`, undefined, { [PROJECT_HEADER]: 'other' })).status).toBe(404);
  expect((await plane.call('GET', '/api/images/..%2f..%2fsecrets')).status).toBe(404);
});

describe('with Temporal down', () => {
  test('the overview says so and has the numbers', async () => {
    const overview = await plane.sdk.overview();
    expect(overview).toMatchObject({ temporal: 'down', clickhouse: 'up', calls: 5 });
  });

  test('a change is unavailable, with a hint when to try again', async () => {
    const put = await plane.call('PUT', '/api/aliases/support', { targets: [{ target: 'lab/oracle-large', weight: 1 }] });
    expect(put).toMatchObject({ status: 503, body: { code: 'unavailable', status: 503 } });
    expect(put.headers.get('content-type')).toBe('application/problem+json');
    expect(put.headers.get('retry-after')).toBe('1');
  });

  test('lists are empty, and what is missing is missing', async () => {
    expect(await plane.sdk.aliases.list()).toEqual([]);
    expect(await plane.sdk.datasets.list()).toEqual([]);
    expect(await plane.sdk.distillations.list()).toEqual([]);
    expect((await plane.call('GET', '/api/datasets/nope')).body).toMatchObject({ code: 'not_found', param: 'name' });
    for (const path of ['aliases/nope', 'aliases/constructor', 'students/nope', 'students/toString'])
      expect((await plane.call('GET', `/api/${path}`)).status).toBe(404);
  });
});

describe('refusals', () => {
  test('one sentence a field', async () => {
    const put = await plane.call('PUT', '/api/aliases/support', { targets: [{ target: 'x', weight: -1 }], reson: '' });
    expect(put.status).toBe(400);
    expect(put.body.data.errors.map((error: { param: string }) => error.param)).toEqual([
      'targets[0].target',
      'targets[0].weight',
      'the body',
    ]);
  });

  test('an unknown provider is named with the nearest', async () => {
    const put = await plane.call('PUT', '/api/aliases/support', { targets: [{ target: 'lap/oracle', weight: 1 }] });
    expect(put.body).toMatchObject({ code: 'not_found', param: 'targets[0].target', detail: expect.stringContaining('"lab"') });
    const student = await plane.call('PUT', '/api/aliases/support', { targets: [{ target: 'student/none', weight: 1 }] });
    expect(student.body.detail).toContain('There is no student "none"');
  });

  test('no JSON, another content type, another method, another path', async () => {
    const broken = await plane.app.request('/api/datasets', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
    expect(await broken.json()).toMatchObject({ status: 400, code: 'invalid_json' });
    const text = await plane.app.request('/api/datasets', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
    expect(await text.json()).toMatchObject({ status: 400, param: 'content-type' });
    const patch = await plane.call('PATCH', '/api/aliases/support');
    expect(patch).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(patch.headers.get('allow')).toBe('GET, PUT, DELETE');
    expect((await plane.call('GET', '/api/nothing')).body.code).toBe('not_found');
  });
});
