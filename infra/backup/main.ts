/** `stillhouse backup --to <place>` and `stillhouse restore --from <place>`, each with `--json`. */
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import type { OutsidePart } from './contents.ts';
import { restoreBackup } from './restore-backup.ts';
import { takeBackup } from './take-backup.ts';

const [command, place, ...options] = process.argv.slice(2) as ['backup' | 'restore', string, ...string[]];
const json = options.includes('--json');

async function run(signal: AbortSignal): Promise<void> {
  const env = loadEnvironment();
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  if (command === 'backup') {
    const taken = await takeBackup({ env, to: place, now: Date.now, say: (text) => console.error(text), signal });
    if (json) return console.log(JSON.stringify(taken, null, 2));
    console.log(
      `Backed up to ${taken.to}: ${taken.files} files, ${(taken.bytes / 1e6).toFixed(1)} MB, as of ${taken.takenAt} (${seconds()} s)`,
    );
    console.log('It holds the keys that the home has made: keep it as you keep them. The variables of .env are not in it.');
    sayOutside(taken.outside, 'not in it: back it up where it is');
    return;
  }
  const restored = await restoreBackup({ env, from: place, signal });
  if (json) return console.log(JSON.stringify(restored, null, 2));
  console.log(
    `Restored into ${restored.home}: ${restored.files} files, as of ${restored.takenAt} (${seconds()} s). "stillhouse up" starts it.`,
  );
  if (restored.configuration === true) console.log(`${env.STILLHOUSE_CONFIG} was put in its place.`);
  if (restored.configuration === false) console.log(`${env.STILLHOUSE_CONFIG} is there already and was left as it is.`);
  if (restored.database !== env.CLICKHOUSE_DATABASE) console.log(`Its database is ${restored.database}: set CLICKHOUSE_DATABASE to that.`);
  sayOutside(restored.outside, 'not in the backup: restore it where it is, as of the same time or later');
}

function sayOutside(outside: Partial<Record<OutsidePart, string>>, text: string): void {
  for (const [part, where] of Object.entries(outside)) console.log(`${part} (${where}) is ${text}.`);
}

/** A sentence for what the operator can do something about; null for a fault of this program. */
function sentenceOf(error: unknown): string | null {
  if (isStillhouseError(error)) return error.message;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return code !== undefined && syscall !== undefined ? `It failed, and nothing counts of what it wrote: ${message}` : null;
}

// A backup holds keys and what customers wrote.
process.umask(0o077);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(`Stopped by ${signal}: nothing counts of what was written`)));
try {
  await run(stopped.signal);
} catch (error) {
  const sentence = stopped.signal.aborted ? (stopped.signal.reason as Error).message : sentenceOf(error);
  if (sentence === null) throw error;
  if (json) console.log(JSON.stringify({ error: sentence }, null, 2));
  else console.error(sentence);
  process.exitCode = 1;
}
