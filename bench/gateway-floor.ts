// The floor that the gateway is measured against: a bare proxy of Hono and undici. It buffers JSON answers and reads
// their usage, as anything must that counts tokens; streams go through untouched. It keeps no key, alias or trace.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'undici';

const pool = new Pool(process.argv[2]!, { connections: 4096, pipelining: 1 });
const app = new Hono();
app.post('/v1/chat/completions', async (c) => {
  const text = await c.req.text();
  const body = JSON.parse(text) as { stream?: boolean };
  const headers = { 'content-type': 'application/json', authorization: c.req.header('authorization') ?? '' };
  const answer = await pool.request({ method: 'POST', path: '/v1/chat/completions', headers, body: text });
  const type = String(answer.headers['content-type']);
  if (body.stream)
    return new Response(answer.body as unknown as ReadableStream, { status: answer.statusCode, headers: { 'content-type': type } });
  const out = await answer.body.text();
  JSON.parse(out);
  return c.body(out, answer.statusCode as 200, { 'content-type': type });
});
app.get('/readyz', (c) => c.text('ok'));
process.stdin.on('end', () => process.exit(0)).resume();
serve({ fetch: app.fetch, port: Number(process.argv[3]), hostname: '127.0.0.1' });
