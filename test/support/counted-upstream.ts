import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A simulated model outside the product that counts what it delivers. */
export interface CountedUpstream {
  url: string;
  /** Answers delivered below a path (`/v1` for the address itself). */
  delivered(path?: string): number;
  /** Prompts that were answered below a path. */
  prompts(path?: string): string[];
  /** An HTTP status for the next calls; null: answers. */
  fault: number | null;
  /** The same for calls below a path. */
  faultOf: (url: string) => number | null;
  /** Of calls below a path. */
  latencyMs: (url: string) => number;
  stop(): Promise<void>;
}

/** `answer`: what it says to the last message of a call. */
export async function startCountedUpstream(model: string, answer: (prompt: string) => string): Promise<CountedUpstream> {
  const delivered: { url: string; prompt: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      const prompt = body.messages.at(-1)!.content;
      await wait(upstream.latencyMs(request.url!));
      const fault = upstream.faultOf(request.url!);
      if (fault !== null) {
        response.writeHead(fault, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: `told to answer ${fault}`, type: 'test', param: null, code: null } }));
        return;
      }
      response.once('finish', () => delivered.push({ url: request.url!, prompt }));
      const choices = [{ index: 0, message: { role: 'assistant', content: answer(prompt) }, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 400, completion_tokens: 60, total_tokens: 460 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'chatcmpl-mock', object: 'chat.completion', created: 1, model, choices, usage }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const below = (path: string) => delivered.filter(({ url }) => url.startsWith(path));
  const upstream: CountedUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered: (path = '/v1') => below(path).length,
    prompts: (path = '/v1') => below(path).map(({ prompt }) => prompt),
    fault: null,
    faultOf: () => upstream.fault,
    latencyMs: () => 5,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}
