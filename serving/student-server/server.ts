import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { LanguageModelEngine } from '../language-model/engine-contract.ts';
import { createStudentApp } from './app.ts';
import { checkGuard } from './guard.ts';
import { ServedStudents } from './served-students.ts';
import { ServerMetrics } from './server-metrics.ts';

export interface StudentServerOptions {
  engine: LanguageModelEngine;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Bearer key; needed off loopback. */
  key: string | undefined;
  maxBodyBytes: number;
  log: Logger;
}

export interface StudentServer {
  address: string;
  /** Calls in work end first, for at most `drainMs`. */
  close(drainMs?: number): Promise<void>;
}

/** Longer than a gateway keeps a connection unused, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;
const DRAIN_MS = 5_000;

/** Serves language-model students by OpenAI's API. */
export async function startStudentServer(options: StudentServerOptions): Promise<StudentServer> {
  const { engine, host, port, key, log } = options;
  checkGuard({ host, key });
  let draining = false;
  const metrics = new ServerMetrics();
  const app = createStudentApp({
    engine,
    students: new ServedStudents(engine),
    metrics,
    guard: { host, key },
    maxBodyBytes: options.maxBodyBytes,
    draining: () => draining,
    now: Date.now,
    log,
  });
  const server = createAdaptorServer({ fetch: app.fetch, hostname: host }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const address = await listen(server, host, port);
  return {
    address,
    async close(drainMs = DRAIN_MS) {
      draining = true;
      const deadline = Date.now() + drainMs;
      while (metrics.inFlight() > 0 && Date.now() < deadline) await delay(20);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await engine.close();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const message = `Port ${port} of ${host} is taken: stop what listens there, or set STILLHOUSE_STUDENT_SERVER_PORT to another one (0 = any free)`;
      reject(new StillhouseError('conflict', message));
    });
    server.listen(port, host, 1024, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}
