import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { HttpClient, type HttpClientOptions } from './http-client.ts';
import type { HttpRequest } from './http-request.ts';

export const TIMEOUTS = { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000 };
const REQUEST: HttpRequest = { method: 'POST', path: '/chat', headers: { 'content-type': 'application/json' }, body: '{}' };
export type Answer = (request: IncomingMessage & { text: string }, response: ServerResponse) => void;

/** What is to be done when a test is over. */
export const ends: (() => unknown)[] = [];
/** Ends what was started for a test, the last first. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).toReversed()) await end();
}

/** Counts connections; answers when a request is whole. */
export async function serving(answer: Answer, server: Server = createServer()): Promise<{ origin: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket.on('error', () => undefined)));
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(Object.assign(request, { text: Buffer.concat(chunks).toString() }), response));
  });
  return { origin: `http://127.0.0.1:${await listening(server)}`, sockets };
}

export async function listening(server: Server | TcpServer): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    // One that reads nothing hears of no end.
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

export function clientOf(origin: string, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = new HttpClient(origin, { connections: 8, timeouts: TIMEOUTS, ...options });
  ends.push(() => client.destroy());
  return client;
}

/** A call and what becomes of it. */
export function calling(client: HttpClient, request: Partial<HttpRequest> = {}, more: Dispatcher.DispatchHandler = {}) {
  const result = Promise.withResolvers<{ status: number; text: string }>();
  result.promise.catch(() => undefined);
  const chunks: Buffer[] = [];
  let status = 0;
  let controller!: Dispatcher.DispatchController;
  client.dispatch(
    { ...REQUEST, ...request },
    {
      onRequestStart: (given) => void (controller = given),
      onResponseStart: (_controller, got) => void (status = got),
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => result.resolve({ status, text: Buffer.concat(chunks).toString() }),
      onResponseError: (_controller, error) => result.reject(error),
      ...more,
    },
  );
  return { result: result.promise, controller };
}

/** Sends back what it got. */
export const echo: Answer = (request, response) => void response.end(request.text);
