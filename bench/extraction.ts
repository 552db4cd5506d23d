/**
 * `npm run bench:extraction`: what preference and an on-policy round add to SFT where candidates really differ. Orders,
 * invoices and bookings to JSON (examples/extraction) by a simulated teacher; a small base of the bench's own; the product's
 * curation and trainer. The learner sees neither the gold answers nor the scorer.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleContext } from '../infra/language-model/console-context.ts';
import { ensureEnvironment } from '../infra/language-model/python-environment.ts';
import { pythonOf } from '../infra/preparations/locked-environment.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { extractionBase } from './extraction/base-folder.ts';
import { ARMS, type Learned, learn, python } from './extraction/learn.ts';
import { draw, print, type Run, type Scored } from './extraction/report.ts';
import { qualityOf, ROWS, type SeedRows, seedRows, type TestRow, testRows } from './extraction/task.ts';

const SEEDS = [1, 2, 3, 4, 5];
/** Trainings at a time, one thread each: matrices are too small to share out. */
const AT_ONCE = Math.min(2, availableParallelism());

type Trained = Learned & { seed: number; arm: string };

const env = loadEnvironment();
const began = performance.now();
const executable = pythonOf(env.STILLHOUSE_TRAINER ?? (await ensureEnvironment(consoleContext(env), process.env)));
const base = await extractionBase(env, executable, AT_ONCE);
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-extraction-'));
try {
  const rows = new Map(SEEDS.map((seed) => [seed, seedRows(seed)]));
  const learned = await trainAll(rows);
  const { zeroShot, scores } = await scoreAll(learned.map(({ adapter }) => adapter));
  const runs: Run[] = learned.map((run, i) => ({ ...run, ...scores[i]! }));
  const candidates = SEEDS.map((seed) => ({ seed, ...rows.get(seed)!.candidates }));
  print(runs, zeroShot, candidates);
  const minutes = (performance.now() - began) / 60_000;
  console.log(`${minutes.toFixed(1)} minutes`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/extraction.json', `${JSON.stringify({ rows: ROWS, minutes, zeroShot, candidates, runs }, null, 2)}\n`);
  draw(runs, candidates);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function trainAll(rows: ReadonlyMap<number, SeedRows>): Promise<Trained[]> {
  const jobs = SEEDS.flatMap((seed) => ARMS.map((arm) => ({ seed, arm })));
  const made: Trained[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < jobs.length; at = next++) {
      const { seed, arm } = jobs[at]!;
      const place = { python: executable, base, folder: join(folder, String(at)), threads: 1 };
      const learned = await learn(place, rows.get(seed)!.curated, arm, seed);
      made[at] = { seed, arm: arm.name, ...learned };
      const { steps, seconds, validationScore } = learned;
      console.error(`seed ${seed}, ${arm.name}: ${steps} steps in ${seconds.toFixed(0)} s, validation ${validationScore.toFixed(3)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return made;
}

/** Of the base alone, and of each adapter. */
async function scoreAll(adapters: readonly string[]): Promise<{ zeroShot: Scored; scores: Scored[] }> {
  const test = testRows();
  const questions = join(folder, 'test.jsonl');
  writeFileSync(questions, test.map(({ rowId, messages }) => JSON.stringify({ rowId, messages })).join('\n'));
  const script = join(import.meta.dirname, 'extraction', 'answer.py');
  const lines = await python(executable, [script, base, questions, String(AT_ONCE), '-', ...adapters]);
  const [zeroShot, ...scores] = lines.map(({ answers }) => scored(test, answers as Record<string, string>));
  return { zeroShot: zeroShot!, scores };
}

function scored(test: readonly TestRow[], answers: Readonly<Record<string, string>>): Scored {
  const answered = test.map(({ rowId, gold, wordings }) => ({ gold, wordings, answer: answers[rowId] ?? '' }));
  const of = (half: TestRow['wordings']) => qualityOf(answered.filter(({ wordings }) => wordings === half));
  return { all: qualityOf(answered), seen: of('seen'), unseen: of('unseen') };
}
