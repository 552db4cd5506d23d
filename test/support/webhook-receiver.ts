import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who is told of events: what it got, and how it answers. */
export interface WebhookReceiver {
  url: string;
  got: { path: string; headers: IncomingHttpHeaders; text: string }[];
  answer: (response: ServerResponse) => void;
  stop(): Promise<void>;
}

/** Listens on loopback and answers with 204, unless told otherwise. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', () => {
      receiver.got.push({ path: request.url!, headers: request.headers, text: Buffer.concat(chunks).toString() });
      receiver.answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got: [],
    answer: taken,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

export const taken = (response: ServerResponse) => void response.writeHead(204).end();
