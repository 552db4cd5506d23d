/**
 * A SIMULATED teacher: an OpenAI-compatible server that answers Banking77's messages from the data set's own labels,
 * wrong in 6 of 100 calls (half of them always for the same messages, half at random), after 300 to 900 ms. It stands
 * where a paid model would stand and says in every answer that it is simulated.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBanking77 } from './banking77.ts';

/** The model's name; what the demo's configuration prices like gpt-4o. */
export const SIMULATED_MODEL = 'gpt-4o-simulated';

export interface TeacherOptions {
  /** Share of wrong answers, 0 to 1. */
  errorRate?: number;
  /** Latency of an answer, uniform between the two. */
  latencyMs?: [number, number];
  port?: number;
}

interface Call {
  model?: string;
  messages?: { role: string; content: string }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

const hash = (text: string) => parseInt(createHash('sha256').update(text).digest('hex').slice(0, 8), 16) / 2 ** 32;

/** Starts the teacher on loopback; `url` ends with `/v1`. */
export async function startTeacher(options: TeacherOptions = {}): Promise<{ url: string; close(): Promise<void> }> {
  const { errorRate = 0.06, latencyMs = [300, 900] } = options;
  const messages = [...readBanking77('train'), ...readBanking77('test')];
  const gold = new Map(messages.map((message) => [message.text.trim(), message.label]));
  const intents = [...new Set(gold.values())];

  const answer = (call: Call): string => {
    const user = (call.messages?.findLast((message) => message.role === 'user')?.content ?? '').trim();
    const truth = gold.get(user);
    if (truth === undefined) return 'unknown';
    const asked = (call.messages ?? []).map((message) => message.content).join('\n');
    const wrong = intents.filter((intent) => intent !== truth && asked.includes(intent));
    const systematic = hash(`always wrong ${user}`) < errorRate / 2;
    const random = Math.random() < errorRate / 2;
    if (wrong.length === 0 || (!systematic && !random)) return truth;
    return wrong[Math.floor((systematic ? hash(`which ${user}`) : Math.random()) * wrong.length)]!;
  };

  const server = createServer((request, response) => {
    void serve(request, response, answer, latencyMs);
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () => new Promise((done) => (server.close(() => done()), server.closeAllConnections())),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (call: Call) => string,
  [fastest, slowest]: [number, number],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const json = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-simulated': 'true' });
    response.end(JSON.stringify(body));
  };
  if (request.url === '/v1/models')
    return json(200, { object: 'list', data: [{ id: SIMULATED_MODEL, object: 'model', created: 0, owned_by: 'simulated' }] });
  const failure = (message: string) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } });
  if (request.url !== '/v1/chat/completions') return json(404, failure('The simulated teacher knows /v1/chat/completions and /v1/models.'));
  let call: Call;
  try {
    call = JSON.parse(Buffer.concat(chunks).toString()) as Call;
  } catch {
    return json(400, failure('The body is not JSON.'));
  }
  const content = answer(call);
  await new Promise((done) => setTimeout(done, fastest + Math.random() * (slowest - fastest)));
  if (response.destroyed) return;
  const promptTokens = Math.ceil(JSON.stringify(call.messages ?? []).length / 4);
  const completionTokens = Math.ceil(content.length / 4);
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
  const head = {
    id: `chatcmpl-simulated-${Math.random().toString(36).slice(2)}`,
    created: Math.floor(Date.now() / 1000),
    model: SIMULATED_MODEL,
    system_fingerprint: 'simulated',
  };
  if (!call.stream) {
    const message = { role: 'assistant', content, refusal: null };
    return json(200, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
      usage,
    });
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-simulated': 'true' });
  const event = (body: object) => response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...body })}\n\n`);
  event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] });
  for (const piece of content.match(/.{1,6}/gs) ?? []) event({ choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] });
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  if (call.stream_options?.include_usage) event({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done());
  });
}

if (import.meta.main) {
  const teacher = await startTeacher({ port: 9801 });
  console.log(`SIMULATED teacher (${SIMULATED_MODEL}) on ${teacher.url}`);
}
