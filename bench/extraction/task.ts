/** Rows of the bench: messages of examples/extraction, the simulated teacher's samples, and what `curate` makes of them. */
import { curateRow } from '../../activities/curate.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import type { CuratedRow } from '../../contracts/stages.ts';
import { fieldF1 } from '../../core/candidates/field-agreement.ts';
import { rankAnswers } from '../../core/candidates/text-votes.ts';
import { type ExtractionMessage, extractionMessages } from '../../examples/extraction/messages.ts';
import { answerOf, SYSTEM } from '../../examples/extraction/order.ts';
import { simulatedTeacher } from '../../examples/extraction/teacher.ts';

export const SAMPLES = 4;
export const ROWS = { train: 480, validation: 48, test: 120 };
/** Of the test messages, which are the same for all seeds and none of a seed's training. */
const TEST_SEED = 1_000_003;
const PLAN = { teacher: 'lab/simulated', task: { kind: 'json' as const }, labels: [], keepBest: 1 };

export interface TestRow {
  rowId: string;
  messages: DatasetRow['messages'];
  gold: string;
  /** Whether training messages say it with the same words; values are new in all of them. */
  wordings: 'seen' | 'unseen';
}

/** How good an answer is that could be learned, and how often it is right in all fields: both 0 to 1. */
export interface Quality {
  f1: number;
  exact: number;
}

export interface SeedRows {
  curated: CuratedRow[];
  /** Of the training rows' answers by who picks them. */
  candidates: { oneCall: Quality; commonest: Quality; bestAgreement: Quality; bestByGold: Quality; worst: Quality };
}

/** A seed's training and validation rows. */
export function seedRows(seed: number): SeedRows {
  const teach = simulatedTeacher(SAMPLES, seed);
  const messages = extractionMessages(ROWS.train + ROWS.validation, seed, { values: 'seen', wordings: 'seen' });
  const rows = messages.map((message, i) => {
    const samples = teach(message).map((answer) => ({ answer, finishReason: 'stop' }));
    const { curated } = curateRow(PLAN, datasetRow(message, `row-${i}`), samples, undefined);
    return {
      gold: answerOf(message.order),
      samples,
      curated: { ...curated, split: i < ROWS.train ? ('train' as const) : ('validation' as const) },
    };
  });
  const learned = rows.slice(0, ROWS.train);
  const by = (choose: (row: (typeof rows)[number]) => string) => qualityOf(learned.map((row) => ({ answer: choose(row), gold: row.gold })));
  const byGold = ({ samples, gold }: (typeof rows)[number]) =>
    samples.map(({ answer }) => answer).reduce((best, answer) => (fieldF1(answer, gold) > fieldF1(best, gold) ? answer : best));
  return {
    curated: rows.map(({ curated }) => curated),
    candidates: {
      oneCall: by(({ samples }) => samples[0]!.answer),
      commonest: by(({ samples }) => rankAnswers(samples, () => null, 1).best[0]!),
      bestAgreement: by(({ curated }) => curated.best[0]!),
      bestByGold: by(byGold),
      worst: by(({ curated }) => curated.worst ?? curated.best[0]!),
    },
  };
}

/** Half of them in wordings of the training messages, half in others. */
export function testRows(): TestRow[] {
  return (['seen', 'unseen'] as const).flatMap((wordings, part) =>
    extractionMessages(ROWS.test / 2, TEST_SEED + part, { values: 'unseen', wordings }).map((message, i) => {
      const { rowId, messages } = datasetRow(message, `${wordings}-${i}`);
      return { rowId, messages, gold: answerOf(message.order), wordings };
    }),
  );
}

export function qualityOf(rows: readonly { answer: string; gold: string }[]): Quality {
  const scores = rows.map(({ answer, gold }) => fieldF1(answer, gold));
  const exact = rows.filter(({ answer, gold }) => sameText(answer, gold)).length;
  return { f1: scores.reduce((sum, score) => sum + score, 0) / rows.length, exact: exact / rows.length };
}

/** Stricter than an F1 of 1: the order of items counts, and which amount belongs to which. */
function sameText(answer: string, gold: string): boolean {
  try {
    return JSON.stringify(JSON.parse(answer)) === JSON.stringify(JSON.parse(gold));
  } catch {
    return false;
  }
}

function datasetRow({ text }: ExtractionMessage, rowId: string): DatasetRow {
  const messages = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: text },
  ];
  const none = { tools: null, responseFormat: null, parameters: {}, promptTokens: 0, traceId: '', reference: '', referenceTarget: '' };
  return { rowId, promptHash: rowId, group: rowId, split: 'train', position: 0, messages, ...none };
}
