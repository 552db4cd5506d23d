import { Agent, request } from 'undici';
import { afterAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { AT_LAB, jsonl, passthroughStack } from './passthrough-stack.ts';

/** Two processes behind one port know the same files. */

const stack = passthroughStack({ env: { STILLHOUSE_GATEWAY_PROCESSES: '2' } });
/** A connection for each call: the kernel gives them out. */
const connections = new Agent({ pipelining: 0 });
afterAll(() => connections.close());

async function send(method: 'GET' | 'DELETE', path: string): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const { statusCode, body } = await request(`${stack.gateway.url}${path}`, { method, headers, dispatcher: connections });
  return { status: statusCode, text: await body.text() };
}

async function callsByProcess(): Promise<number[]> {
  const { text } = await send('GET', '/metrics');
  return [...text.matchAll(/^stillhouse_calls_total\{process="\d"\} (.*)$/gm)].map(([, value]) => Number(value));
}

test('a file that one has passed on is found, listed and deleted by all, at once', async () => {
  await until('both serve', async () => (await callsByProcess()).length === 2);
  for (let round = 0; round < 3; round++) {
    const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
    const before = await callsByProcess();
    for (let look = 0; look < 12; look++) expect((await send('GET', `/v1/files/${file.id}`)).status).toBe(200);
    const after = await callsByProcess();
    expect(Math.min(...after.map((calls, index) => calls - before[index]!))).toBeGreaterThan(0);
    expect((await send('GET', '/v1/files')).text).toContain(`"${file.id}"`);
    expect((await send('DELETE', `/v1/files/${file.id}`)).status).toBe(200);
    for (let look = 0; look < 12; look++) expect((await send('GET', `/v1/files/${file.id}`)).status).toBe(404);
  }
});
