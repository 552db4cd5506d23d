import cluster, { type Worker } from 'node:cluster';
import { createServer } from 'node:net';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { listen } from '../listen.ts';
import type { FromPrimary, NumberedReport, ToPrimary } from './messages.ts';

/** A process that hangs holds nobody's look at the others up for longer. */
const REPORT_MS = 1_000;
/** Between a process's end and the next start in its place: twice as long each time, while they end before they have served so long. */
const RESTART = { baseMs: 100, maxMs: 10_000, servedMs: 10_000 };

export interface ProcessesOptions {
  count: number;
  host: string;
  /** 0: any that is free, the same for all. */
  port: number;
  log: Logger;
}

/** The processes of a gateway, kept running. */
export interface Primary {
  /** They let calls in flight end, and ship what is recorded. */
  close(): Promise<void>;
}

/**
 * Runs this program in so many processes, which share its port. Resolves once all of them serve; rejects where the first does
 * not come to that. Where this process is killed, its channels end, and the processes with them.
 */
export async function startProcesses({ count, host, port, log }: ProcessesOptions): Promise<Primary> {
  const free = await freePort(host, port);
  // Where there is no Valkey, the processes count requests and tokens a minute here.
  new RateLimiterClusterMaster();
  const slots = Array.from({ length: count }, (_, index) => new Slot(index + 1, { STILLHOUSE_PORT: String(free) }, log));
  const reports = new Reports(slots);
  for (const slot of slots) slot.onMessage = (message) => reports.take(slot.number, message);
  // One makes the secrets and says what is wrong with the setting; the others follow.
  const [first, ...others] = slots;
  await first!.start(true);
  await Promise.all(others.map((slot) => slot.start(false)));
  return { close: async () => void (await Promise.all(slots.map((slot) => slot.stop()))) };
}

/** The port, once it is sure that nobody else has it: those who share a port are not told. */
async function freePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  const address = await listen(probe, { host, port, shared: false });
  await new Promise((resolve) => probe.close(resolve));
  return Number(new URL(address).port);
}

/** One of the processes, whichever is in its place now. */
class Slot {
  readonly number: number;
  onMessage: (message: ToPrimary) => void = () => undefined;
  readonly #env: Record<string, string>;
  readonly #log: Logger;
  #worker: Worker | null = null;
  #stopping = false;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;

  constructor(number: number, env: Record<string, string>, log: Logger) {
    this.number = number;
    this.#env = env;
    this.#log = log;
  }

  /** Resolves once it serves. `final`: an end before that is an error, and not tried again. */
  start(final: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = cluster.fork(this.#env);
      const began = performance.now();
      let ready = false;
      this.#worker = worker;
      worker.on('message', (message: ToPrimary) => {
        if (message.type === 'ready') {
          ready = true;
          resolve();
        } else this.onMessage(message);
      });
      worker.on('error', (error) => this.#log.error({ err: error, process: this.number }, 'a process of the gateway'));
      worker.on('exit', (code, signal) => {
        this.#worker = null;
        if (this.#stopping) return resolve();
        // It has said why.
        if (final && !ready) return reject(new StillhouseError('internal', 'The gateway did not start'));
        this.#failures = performance.now() - began > RESTART.servedMs ? 1 : this.#failures + 1;
        const pauseMs = Math.min(RESTART.maxMs, RESTART.baseMs * 2 ** (this.#failures - 1));
        this.#log.error(
          { process: this.number, pid: worker.process.pid, code, signal, pauseMs },
          'a process of the gateway ended; another takes its place',
        );
        this.#restart = setTimeout(() => void this.start(false).then(resolve), pauseMs);
      });
    });
  }

  send(message: FromPrimary): boolean {
    const worker = this.#worker;
    if (!worker?.isConnected()) return false;
    worker.send(message, () => undefined);
    return true;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (!worker) return;
    await new Promise((resolve) => {
      worker.once('exit', resolve);
      worker.process.kill('SIGTERM');
    });
  }
}

/** Questions of one process to all. */
class Reports {
  readonly #slots: readonly Slot[];
  readonly #open = new Map<string, { left: number; reports: NumberedReport[]; end: () => void }>();

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  take(number: number, message: ToPrimary): void {
    if (message.type === 'ask') this.#ask(number, message.id);
    else if (message.type === 'told') this.#told(number, message);
  }

  #ask(from: number, id: number): void {
    const key = `${from} ${id}`;
    const reports: NumberedReport[] = [];
    const end = () => {
      clearTimeout(timer);
      this.#open.delete(key);
      reports.sort((a, b) => a.process - b.process);
      this.#slots[from - 1]!.send({ type: 'answer', id, reports });
    };
    const timer = setTimeout(end, REPORT_MS);
    const open = { left: 0, reports, end };
    this.#open.set(key, open);
    for (const slot of this.#slots) if (slot.send({ type: 'tell', id, from })) open.left++;
  }

  #told(process: number, { id, from, report }: Extract<ToPrimary, { type: 'told' }>): void {
    const open = this.#open.get(`${from} ${id}`);
    if (!open) return;
    open.reports.push({ process, report });
    if (--open.left === 0) open.end();
  }
}
