import { setTimeout as wait } from 'node:timers/promises';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import { runCommand } from '../processes/run-command.ts';
import type { ChildLedger } from '../processes/child-ledger.ts';
import { backoffMs, DEFAULT_BACKOFF } from './part-definition.ts';
import type { Reporter } from './reporter.ts';

/** The one-shot program that brings ClickHouse's tables up to date, and what it runs with. */
export interface Migrations {
  program: string;
  env: NodeJS.ProcessEnv;
  logs: string;
  reporter: Reporter;
  ledger: ChildLedger;
  signal: AbortSignal;
}

/** So long the other parts wait for it. A gateway can answer without ClickHouse, so they do not wait for ever. */
const HOLD_UP_MS = 20_000;

/** The exit code of store/clickhouse/migrate.ts where another try can't help. */
const SCHEMA_IS_NEWER = 3;

/** Runs the migrations until they succeed; resolves then, or when it has held up the start for too long. */
export async function runMigrations(migrations: Migrations): Promise<void> {
  const giveUp = new AbortController();
  const heldUp = wait(HOLD_UP_MS, true, { signal: giveUp.signal }).catch(() => false);
  const done = untilTheySucceed(migrations);
  // After the start nobody waits for it any more; a stop ends it.
  done.catch(() => undefined);
  const late = await Promise.race([done, heldUp]);
  giveUp.abort();
  if (late === true) migrations.reporter.say('migrations', 'are not through yet and are tried on; the other parts start without them');
}

async function untilTheySucceed({ program, env, logs, reporter, ledger, signal }: Migrations): Promise<void> {
  const { STILLHOUSE_SUPERVISED: _, ...own } = env;
  const began = performance.now();
  mkdirSync(logs, { recursive: true });
  let said = '';
  for (let failures = 1; ; failures++) {
    const log = (line: string) => {
      try {
        appendFileSync(join(logs, 'migrations.log'), `${line}\n`);
      } catch {
        // A full disk: the last lines are said to the person all the same.
      }
    };
    const { code, tail } = await runCommand(process.execPath, [program], { env: own, onLine: log, signal, ledger });
    if (code === 0) return reporter.prepared('migrations', (performance.now() - began) / 1000, 'the schema is up to date');
    if (code === SCHEMA_IS_NEWER) throw new StillhouseError('conflict', tail.at(-1) ?? 'The database is newer than this program.');
    const why = tail.at(-1) ?? `ended with code ${code}`;
    if (why !== said) reporter.say('migrations', why);
    said = why;
    await wait(backoffMs(DEFAULT_BACKOFF, failures), undefined, { signal });
  }
}
