import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A simulated model outside the product that names groups of texts and sorts a text by names; it counts what it delivers. */
export interface NamingUpstream {
  url: string;
  /** Answers delivered below a path (`/v1` for the address itself). */
  delivered(path?: string): number;
  /** What it says instead of a name for a group of that label; null: the name that it would give. */
  instead: (label: string, prompt: string) => string | null;
  /** An HTTP status for the next calls; null: answers. */
  fault: number | null;
  /** Of calls below a path. */
  latencyMs: (url: string) => number;
  stop(): Promise<void>;
}

/** `labels`: what each text is about. A group is named by what most of its texts are about. */
export async function startNamingUpstream(labels: ReadonlyMap<string, string>): Promise<NamingUpstream> {
  const delivered: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      const prompt = body.messages.at(-1)!.content;
      await wait(upstream.latencyMs(request.url!));
      if (upstream.fault !== null) {
        response.writeHead(upstream.fault, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: `told to answer ${upstream.fault}`, type: 'test', param: null, code: null } }));
        return;
      }
      response.once('finish', () => delivered.push(request.url!));
      const content = prompt.startsWith('Group A') ? nameOf(prompt, labels, upstream.instead) : sortedBy(prompt, labels);
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 400, completion_tokens: 60, total_tokens: 460 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'chatcmpl-mock', object: 'chat.completion', created: 1, model: 'namer-1', choices, usage }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: NamingUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered: (path = '/v1') => delivered.filter((url) => url.startsWith(path)).length,
    instead: () => null,
    fault: null,
    latencyMs: () => 5,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

function nameOf(prompt: string, labels: ReadonlyMap<string, string>, instead: NamingUpstream['instead']): string {
  const [first] = prompt.split('\n\n');
  const texts = first!
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line.slice(2)) as string);
  const counts = new Map<string, number>();
  for (const text of texts) {
    const label = labels.get(text) ?? 'unknown';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const label = [...counts].sort((a, b) => b[1] - a[1])[0]![0];
  const name = label.replaceAll('_', ' ');
  return (
    instead(label, prompt) ??
    JSON.stringify({ name, description: `About ${name}.`, inclusion: `Whoever asks about ${name}.`, exclusion: 'Everything else.' })
  );
}

/** The number of the name that the message's label reads like. */
function sortedBy(prompt: string, labels: ReadonlyMap<string, string>): string {
  const names = [...prompt.matchAll(/^(\d+)\. ([^:\n]+)/gm)].map(([, number, name]) => ({ number, name: name!.toLowerCase() }));
  const message = JSON.parse(/^Request: (".*")$/m.exec(prompt)![1]!) as string;
  const words = (labels.get(message) ?? '').split('_');
  const score = ({ name }: { name: string }) => words.filter((word) => name.includes(word)).length;
  return JSON.stringify({ number: Number(names.sort((a, b) => score(b) - score(a))[0]?.number ?? 0) });
}
