import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAnswer } from './answer.ts';
import { failureAnswer } from './engine-failure.ts';
import { execute } from './execute.ts';
import { refusal } from './guard.ts';
import { readRequest } from './request.ts';
import { openSessionPool, type SessionPool } from './sessions.ts';

/** A running embedded ClickHouse. */
export interface EmbeddedClickHouse {
  url: string;
  version: string;
  /** Answers what runs, then closes the engine. */
  close(): Promise<void>;
}

export interface EmbeddedClickHouseOptions {
  /** The engine's folder; this process must be the only one that opens it. */
  folder: string;
  /** 0 = any free one. */
  port: number;
  /** Queries that run at once; each takes a thread of libuv's pool while it runs. */
  sessions?: number;
}

/** Queries that still run after this time are killed when the engine closes. */
const CLOSE_GRACE_MS = 3_000;

/** Opens the folder and serves ClickHouse's HTTP interface on loopback. Rejects with the listener's error (EADDRINUSE). */
export async function startEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<EmbeddedClickHouse> {
  const sessions = options.sessions ?? 8;
  const server = createServer({ maxHeaderSize: 1024 * 1024, keepAliveTimeout: 10_000 });
  // The port first: a folder that can't be served need not be opened.
  const port = await listen(server, options.port);
  let pool: SessionPool;
  try {
    pool = openSessionPool(options.folder, sessions);
  } catch (error) {
    server.close();
    throw error;
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(pool, request, response).catch(() => response.destroy());
  });
  return {
    url: `http://127.0.0.1:${port}`,
    version: pool.version,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await pool.close(CLOSE_GRACE_MS);
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function handle(pool: SessionPool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refused = refusal(request);
  if (refused !== null) {
    request.resume();
    response.writeHead(403, { 'content-type': 'text/plain; charset=UTF-8' }).end(`${refused}\n`);
    return;
  }
  const url = new URL(`http://127.0.0.1${request.url ?? '/'}`);
  if (
    url.pathname === '/ping' ||
    url.pathname === '/replicas_status' ||
    (url.pathname === '/' && request.method !== 'POST' && !url.searchParams.has('query'))
  ) {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' }).end('Ok.\n');
    return;
  }
  if (url.pathname !== '/') {
    request.resume();
    response
      .writeHead(404, { 'content-type': 'text/plain; charset=UTF-8' })
      .end(`There is no handle ${url.pathname}\n\nUse / or /ping for health checks.\n`);
    return;
  }
  const answer = createAnswer(request, response, url.searchParams.get('query_id') ?? randomUUID());
  try {
    const parsed = await readRequest(request, url);
    // Whatever the address says: an address alone, which any page can name, changes nothing.
    if (request.method !== 'POST') parsed.settings.set('readonly', '2');
    answer.end(await execute(pool, parsed, answer.sink));
  } catch (error) {
    answer.fail(failureAnswer(error, pool.version));
  }
}
