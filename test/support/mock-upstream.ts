import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A teacher of label tasks that stands outside the product and counts what it delivers. */
export interface MockUpstream {
  url: string;
  /** Answers delivered to calls of this temperature, by their prompt. */
  delivered(temperature: number): Map<string, number>;
  /** Sum of `delivered`. */
  total(temperature: number): number;
  /** What it was asked for all delivered answers, at $2.5 and $10 per million tokens. */
  usd(): number;
  /** What to do with the next calls: an HTTP status, or null for an answer. */
  fault: ((call: number) => number | null) | null;
  stop(): Promise<void>;
}

export interface MockUpstreamOptions {
  /** The right answers, by the trimmed message. */
  answers: ReadonlyMap<string, string>;
  latencyMs?: number;
  /** Share of messages that it always answers wrongly: the same ones in every run. */
  errorRate?: number;
}

/** Starts it. The same message always gets the same answer, so that two runs can be compared. */
export async function startMockUpstream({ answers, latencyMs = 30, errorRate = 0.05 }: MockUpstreamOptions): Promise<MockUpstream> {
  const labels = [...new Set(answers.values())].sort();
  const delivered = new Map<number, Map<string, number>>();
  let usd = 0;
  let calls = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { temperature: number; messages: { content: string }[] };
      const prompt = body.messages.at(-1)!.content.trim();
      await wait(latencyMs);
      const status = upstream.fault?.(calls++) ?? null;
      if (status !== null) {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: `told to answer ${status}`, type: 'test', param: null, code: null } }));
        return;
      }
      const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 };
      const message = { role: 'assistant', content: answerOf(prompt, answers, labels, errorRate) };
      response.once('finish', () => {
        const ofTemperature = delivered.get(body.temperature) ?? new Map<string, number>();
        delivered.set(body.temperature, ofTemperature.set(prompt, (ofTemperature.get(prompt) ?? 0) + 1));
        usd += (20 * 2.5 + 4 * 10) / 1_000_000;
      });
      response.writeHead(200, { 'content-type': 'application/json' });
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      response.end(JSON.stringify({ id: 'chatcmpl-mock', object: 'chat.completion', created: 1, model: 'oracle-1', choices, usage }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: MockUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered: (temperature) => delivered.get(temperature) ?? new Map(),
    total: (temperature) => [...(delivered.get(temperature) ?? new Map()).values()].reduce((sum: number, n: number) => sum + n, 0),
    usd: () => usd,
    fault: null,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

function answerOf(prompt: string, answers: ReadonlyMap<string, string>, labels: readonly string[], errorRate: number): string {
  const right = answers.get(prompt) ?? 'unknown';
  const draw = createHash('sha256').update(prompt).digest();
  if (draw.readUInt32BE(0) / 2 ** 32 >= errorRate) return right;
  const wrong = labels.filter((label) => label !== right);
  return wrong[draw.readUInt32BE(4) % wrong.length] ?? right;
}
