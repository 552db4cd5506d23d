import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Part } from '../../contracts/names.ts';
import type { PreparationMessage } from '../../platform/lifecycle.ts';
import type { ChildLedger } from '../processes/child-ledger.ts';
import { endGroup } from '../processes/process-group.ts';
import { openLogFile, readableLine, type LogFile } from './log-file.ts';
import { type Backoff, backoffMs, type PartDefinition } from './part-definition.ts';
import type { Reporter } from './reporter.ts';

/** What a supervised part works with. */
export interface PartContext {
  logs: string;
  ledger: ChildLedger;
  reporter: Reporter;
  backoff: Backoff;
  /** Its `state()` changed. */
  onChange: () => void;
  /** It asked for something that is prepared on demand. */
  onNeed: (what: unknown, tell: (message: PreparationMessage) => void) => void;
}

const PROBE_EVERY_MS = 100;
/** Ends before it ever served: so often in a row, and again every so often, its log is shown. */
const SHOW_LOG_EVERY = 10;
const SHOWN_LINES = 8;
const SHOWN_WIDTH = 200;
/** A part that takes longer waits for something: the person at the terminal is told for what. */
const SLOW_START_MS = 30_000;
/** What a part's own children get when the part itself is gone. */
const ORPHAN_GRACE_MS = 2_000;

/** One program that is kept running: started, waited for, started again when it ends, stopped when asked. */
export class SupervisedPart {
  readonly definition: PartDefinition;
  /** Resolves when it serves for the first time. */
  readonly ready: Promise<void>;
  #resolveReady!: () => void;
  readonly #context: PartContext;
  #child: ChildProcess | null = null;
  #servingPid: number | null = null;
  #restarts = 0;
  /** Ends in a row, for the backoff; and those of them that came before it served. */
  #failures = 0;
  #failedStarts = 0;
  #startedAt = 0;
  #readyAt = 0;
  readonly #stopping = new AbortController();
  /** Settles when its loop has ended, after `stop`. */
  #ended: Promise<void> = Promise.resolve();

  constructor(definition: PartDefinition, context: PartContext) {
    this.definition = definition;
    this.#context = context;
    this.ready = new Promise((done) => (this.#resolveReady = done));
  }

  /** As `run/parts.json` shows it. */
  state(): Part {
    return { name: this.definition.name, pid: this.#servingPid, address: this.definition.address, restarts: this.#restarts };
  }

  start(): void {
    this.#ended = this.#keepRunning();
  }

  /** Ends it for good: SIGTERM to its group, its grace, SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const pid = this.#child?.pid;
    if (pid !== undefined) await endGroup(pid, this.definition.graceMs);
    await this.#ended;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // What can't be started now (a full disk, no file handles left) is tried again like what ended.
      const why = await this.#runOnce().catch((error: Error) => error.message);
      if (signal.aborted) return;
      this.#countFailure();
      const pauseMs = backoffMs(this.#context.backoff, this.#failures);
      this.#context.reporter.down(this.state(), why, pauseMs);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      this.#restarts++;
    }
  }

  /** From its start to its end; says how it ended. */
  async #runOnce(): Promise<string> {
    const { definition } = this;
    this.#startedAt = performance.now();
    this.#readyAt = 0;
    const log = openLogFile(join(this.#context.logs, `${definition.name}.log`));
    const byMessage = definition.ready === 'message';
    const child = spawn(definition.program, definition.args, {
      env: definition.env,
      detached: true,
      // Our programs end when their stdin does: it is held open for as long as this process lives.
      stdio: byMessage ? ['pipe', log.fd, log.fd, 'ipc'] : ['ignore', log.fd, log.fd],
    });
    this.#child = child;
    // A write to a stdin whose reader is gone; its end is seen by 'exit'.
    child.stdin?.on('error', () => undefined);
    const { pid } = child;
    if (pid !== undefined) this.#context.ledger.add(definition.name, pid);
    const ended = howItEnds(child);
    void this.#awaitReady(child);
    const slow = setTimeout(() => this.#saySlow(log), SLOW_START_MS);
    const why = await ended;
    clearTimeout(slow);
    this.#child = null;
    if (this.#servingPid !== null) {
      this.#servingPid = null;
      this.#context.onChange();
    }
    if (pid !== undefined) {
      await endGroup(pid, ORPHAN_GRACE_MS);
      this.#context.ledger.remove(pid);
    }
    if (this.#readyAt === 0 && !this.#stopping.signal.aborted) this.#countFailedStart(log);
    log.close();
    return why;
  }

  async #awaitReady(child: ChildProcess): Promise<void> {
    const { ready } = this.definition;
    if (ready === 'message') {
      child.on('message', (message) => {
        const { type, what } = message as { type?: unknown; what?: unknown };
        if (type === 'ready') this.#serves(child);
        // Who has ended meanwhile is told nothing; its successor asks again.
        if (type === 'need') this.#context.onNeed(what, (answer) => void (child.connected && child.send(answer, () => undefined)));
      });
      return;
    }
    while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      if (await ready()) return this.#serves(child);
      await wait(PROBE_EVERY_MS);
    }
  }

  #serves(child: ChildProcess): void {
    if (this.#child !== child || this.#readyAt !== 0) return;
    this.#readyAt = performance.now();
    this.#failedStarts = 0;
    this.#servingPid = child.pid ?? null;
    this.#context.onChange();
    this.#context.reporter.ready(this.state(), (this.#readyAt - this.#startedAt) / 1000);
    this.#resolveReady();
  }

  #saySlow(log: LogFile): void {
    if (this.#readyAt !== 0) return;
    const last = log.tail(1)[0] || 'nothing yet';
    this.#context.reporter.say(
      this.definition.name,
      `still starts after ${SLOW_START_MS / 1000} s; its log says: ${readableLine(last, SHOWN_WIDTH)}`,
    );
  }

  #countFailure(): void {
    const healthyMs = this.#readyAt === 0 ? 0 : performance.now() - this.#readyAt;
    this.#failures = healthyMs >= this.#context.backoff.resetAfterMs ? 1 : this.#failures + 1;
  }

  #countFailedStart(log: LogFile): void {
    this.#failedStarts++;
    if (this.#failedStarts % SHOW_LOG_EVERY !== 0) return;
    const lines = log.tail(SHOWN_LINES).map((line) => `\n    ${readableLine(line, SHOWN_WIDTH)}`);
    const text = `ended at its start ${this.#failedStarts} times in a row and is tried on. The last lines of its log:${lines.join('')}`;
    this.#context.reporter.say(this.definition.name, text);
  }
}

function howItEnds(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
}
