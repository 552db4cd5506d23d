import { Worker } from 'node:worker_threads';
import { type ErrorCode, StillhouseError } from '../contracts/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** A failure as it crosses from a thread. */
export interface ThreadFailure {
  code: ErrorCode;
  message: string;
}

/** What a thread sends: that it can work, that it can't start, or how a call ended. */
export type ThreadMessage =
  | { type: 'ready' }
  | { type: 'unusable'; failure: ThreadFailure }
  | { type: 'answer'; call: number; answer: unknown }
  | { type: 'failed'; call: number; failure: ThreadFailure };

export interface ThreadPoolOptions {
  /** The thread's program; it calls `serveThread`. */
  program: URL;
  data: unknown;
  threads: number;
  /** For people. */
  name: string;
  log: Logger;
  /** Calls that may wait for one thread; more are `unavailable`. */
  maxWaiting?: number;
}

/** One thread of a pool. */
export interface PoolThread {
  /** What it holds, for callers that load things into threads; gone with the thread. */
  holds: Set<string>;
  /** Sends a message that has no answer; it comes before what is called later. */
  send(request: object): void;
}

export interface ThreadPool {
  /** Has the least busy thread do it. `prepare` runs before the request is sent, to the same thread. */
  call<Answer>(request: object, prepare?: (thread: PoolThread) => void): Promise<Answer>;
  /** Threads that run, for messages to all. */
  running(): PoolThread[];
  close(): Promise<void>;
}

interface Running extends PoolThread {
  worker: Worker;
  calls: Map<number, { resolve: (answer: never) => void; reject: (error: unknown) => void }>;
}

/** Threads that start when they are needed and are started again after a crash: what they had in hand fails retryably. */
export function createThreadPool(options: ThreadPoolOptions): ThreadPool {
  const slots: (Running | null)[] = Array.from({ length: options.threads }, () => null);
  const maxWaiting = options.maxWaiting ?? 1000;
  let closed = false;
  let lastCall = 0;

  const lose = (slot: number, thread: Running, error: StillhouseError) => {
    if (slots[slot] === thread) slots[slot] = null;
    for (const { reject } of thread.calls.values()) reject(error);
    thread.calls.clear();
  };
  const start = (slot: number): Running => {
    const worker = new Worker(options.program, { workerData: options.data, name: options.name });
    const calls: Running['calls'] = new Map();
    const thread: Running = { worker, calls, holds: new Set(), send: (request) => worker.postMessage({ request }) };
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'ready') return;
      if (message.type === 'unusable') return lose(slot, thread, new StillhouseError(message.failure.code, message.failure.message));
      const waiting = calls.get(message.call);
      calls.delete(message.call);
      if (message.type === 'answer') waiting?.resolve(message.answer as never);
      else waiting?.reject(new StillhouseError(message.failure.code, message.failure.message));
    });
    const crashed = (cause: unknown) => {
      if (slots[slot] === thread && !closed)
        options.log.error({ err: cause }, `a thread of ${options.name} ended; the next call starts another`);
      lose(slot, thread, new StillhouseError('unavailable', `A thread of ${options.name} ended while it worked. Try again.`, { cause }));
    };
    worker.on('error', crashed);
    worker.on('exit', (code) => crashed(new Error(`exit code ${code}`)));
    slots[slot] = thread;
    return thread;
  };

  return {
    call: (request, prepare) => {
      if (closed) return Promise.reject(new StillhouseError('unavailable', `${options.name} is closed.`));
      let slot = 0;
      for (let i = 1; i < slots.length; i++) if ((slots[i]?.calls.size ?? 0) < (slots[slot]?.calls.size ?? 0)) slot = i;
      const thread = slots[slot] ?? start(slot);
      if (thread.calls.size >= maxWaiting) {
        return Promise.reject(new StillhouseError('unavailable', `${options.name} has ${maxWaiting} calls waiting. Try again later.`));
      }
      prepare?.(thread);
      const call = ++lastCall;
      return new Promise((resolve, reject) => {
        thread.calls.set(call, { resolve, reject });
        thread.worker.postMessage({ call, request });
      });
    },
    running: () => slots.filter((thread) => thread !== null),
    close: async () => {
      closed = true;
      await Promise.all(slots.filter((thread) => thread !== null).map((thread) => endOf(thread.worker)));
    },
  };
}

/** Lets the thread finish what it has in hand; one that hangs is ended after a grace of five seconds. */
async function endOf(worker: Worker): Promise<void> {
  const ended = new Promise<void>((done) => worker.once('exit', () => done()));
  worker.postMessage({ close: true });
  const grace = setTimeout(() => void worker.terminate(), 5_000);
  await ended;
  clearTimeout(grace);
}
