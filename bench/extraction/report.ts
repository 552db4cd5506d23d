import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../../core/statistics/median.ts';
import { ARMS, type Learned } from './learn.ts';
import { type DotPanel, dotPicture, rangeOf } from './pictures.ts';
import { type Quality, ROWS, type SeedRows } from './task.ts';

/** On all test messages, and by whether their wordings were seen in training. */
export interface Scored {
  all: Quality;
  seen: Quality;
  unseen: Quality;
}

export type Run = Learned & Scored & { seed: number; arm: string };
export type Candidates = SeedRows['candidates'] & { seed: number };

const PICTURES = join(import.meta.dirname, '../../docs/pictures');
const PICKED = [
  ['oneCall', 'one call'],
  ['commonest', 'commonest'],
  ['bestAgreement', 'best agreement'],
  ['bestByGold', 'best by gold'],
] as const;

export function print(runs: readonly Run[], zeroShot: Scored, candidates: readonly Candidates[]): void {
  console.log('\nTraining rows: what could be learned, against gold (field-level F1 / exact)');
  for (const [key, name] of [...PICKED, ['worst', 'worst agreement'] as const]) {
    row(name, [...candidates.map((of) => pair(of[key])), pair(middle(candidates.map((of) => of[key])))]);
  }
  console.log('\nTest messages (field-level F1 / exact), every seed, then the median');
  row('base alone', [pair(zeroShot.all)]);
  for (const part of ['all', 'seen', 'unseen'] as const) {
    for (const { name } of ARMS) {
      const qualities = runs.filter(({ arm }) => arm === name).map((run) => run[part]);
      row(`${name}${part === 'all' ? '' : `, wordings ${part}`}`, [...qualities.map(pair), pair(middle(qualities))]);
    }
  }
  console.log('\nSteps and seconds of training');
  for (const { name } of ARMS) {
    row(
      name,
      runs.filter(({ arm }) => arm === name).map(({ steps, seconds, bestPhase }) => `${steps} in ${seconds.toFixed(0)} s, ${bestPhase}`),
    );
  }
}

export function draw(runs: readonly Run[], candidates: readonly Candidates[]): void {
  mkdirSync(PICTURES, { recursive: true });
  const learned = (title: string, of: (run: Run) => number): DotPanel => {
    const groups = ARMS.map(({ name }) => ({ name, values: runs.filter(({ arm }) => arm === name).map(of) }));
    return { title, range: rangeOf(runs.map(of)), groups };
  };
  const students = [
    learned('field-level F1', (run) => run.all.f1),
    learned('right in all fields', (run) => run.all.exact),
    learned('F1, wordings unseen in training', (run) => run.unseen.f1),
  ];
  writeFileSync(join(PICTURES, 'extraction-students.svg'), dotPicture(`Students on ${ROWS.test} test messages, five seeds`, students));
  const picked = (title: string, of: (quality: Quality) => number): DotPanel => {
    const groups = PICKED.map(([key, name]) => ({ name, values: candidates.map((seed) => of(seed[key])) }));
    return { title, range: rangeOf(groups.flatMap(({ values }) => values)), groups };
  };
  const answers = [picked('field-level F1', ({ f1 }) => f1), picked('right in all fields', ({ exact }) => exact)];
  writeFileSync(
    join(PICTURES, 'extraction-candidates.svg'),
    dotPicture('Which of the teacher’s four answers is learned, five seeds', answers),
  );
}

function middle(qualities: readonly Quality[]): Quality {
  return { f1: median(qualities.map(({ f1 }) => f1)) ?? 0, exact: median(qualities.map(({ exact }) => exact)) ?? 0 };
}

function pair({ f1, exact }: Quality): string {
  return `${(100 * f1).toFixed(1)} / ${(100 * exact).toFixed(1)}`;
}

function row(name: string, cells: readonly string[]): void {
  console.log([name.padEnd(34), ...cells.map((cell) => cell.padStart(12))].join('  '));
}
