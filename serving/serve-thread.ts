import { parentPort } from 'node:worker_threads';
import { isStillhouseError } from '../contracts/errors.ts';
import type { ThreadFailure, ThreadMessage } from './thread-pool.ts';

/** A thread's work: one request after the other, in the order in which they came. */
export interface ThreadService {
  handle(request: never): Promise<unknown>;
  close(): Promise<void>;
}

type Incoming = { close: true } | { call?: number; request: never };

/** The thread's side of a `ThreadPool`: opens the service, answers calls, closes when told to. */
export function serveThread(open: () => Promise<ThreadService>): void {
  const port = parentPort;
  if (!port) throw new Error('serveThread runs in a worker thread');
  const send = (message: ThreadMessage) => port.postMessage(message);
  const service = open();
  service.then(
    () => send({ type: 'ready' }),
    (error: unknown) => {
      send({ type: 'unusable', failure: failureOf(error) });
      port.close();
    },
  );
  let last: Promise<void> = service.then(
    () => undefined,
    () => undefined,
  );
  port.on('message', (message: Incoming) => {
    last = last.then(async () => {
      if ('close' in message) {
        await (await service).close();
        return port.close();
      }
      try {
        const answer = await (await service).handle(message.request);
        if (message.call !== undefined) send({ type: 'answer', call: message.call, answer });
      } catch (error) {
        if (message.call === undefined) throw error;
        send({ type: 'failed', call: message.call, failure: failureOf(error) });
      }
    });
  });
}

function failureOf(error: unknown): ThreadFailure {
  if (isStillhouseError(error)) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
