import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test's upstream was asked. */
export interface Asked {
  /** With its query. */
  path: string;
  headers: IncomingMessage['headers'];
  /** The body as it came. */
  text: string;
  body: Record<string, unknown>;
}

/** An OpenAI-compatible server whose answers the test decides. */
export interface TestUpstream {
  url: string;
  port: number;
  asked: Asked[];
  /** Connections that the other side closed before their answer had ended. */
  aborted: number;
  answer: (asked: Asked, response: ServerResponse) => void | Promise<void>;
  stop(): Promise<void>;
}

export const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

/** Answers as a completion. */
export function answerWith(content: string, extra: object = {}): TestUpstream['answer'] {
  return (_asked, response) => {
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    const body = { id: 'chatcmpl-test', object: 'chat.completion', created: 1, model: 'test-model-1', choices, usage: USAGE, ...extra };
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_test' });
    response.end(JSON.stringify(body));
  };
}

/** One chunk of a stream. */
export function chunkFrame(delta: object, finish: string | null = null, extra: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1, model: 'test-model-1', choices, ...extra })}\n\n`;
}

/** Listens on a free port of loopback. */
export async function startUpstream(answer: TestUpstream['answer'] = answerWith('four')): Promise<TestUpstream> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const asked = { path: request.url!, headers: request.headers, text, body: JSON.parse(text) as Record<string, unknown> };
      upstream.asked.push(asked);
      response.on('close', () => (upstream.aborted += response.writableFinished ? 0 : 1));
      void upstream.answer(asked, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const upstream: TestUpstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    asked: [],
    aborted: 0,
    answer,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}
