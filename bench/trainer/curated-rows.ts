/** Rows for the trainer's figures: Banking77's ten demo intents as `curate` would leave them, with a simulated noisy teacher. */
import { rowOf } from '../../core/learning/matrix.ts';
import { seededRandom } from '../../core/random.ts';
import type { CuratedRow } from '../../contracts/stages.ts';
import { voteLabels } from '../../core/label-votes.ts';
import { DEMO_LABELS, demoMessages, type LabelledMessage } from '../../examples/banking77/banking77.ts';
import type { Logger } from '../../platform/logger.ts';
import { createEmbedderPool } from '../../serving/embedder-pool.ts';
import { draw, type Message, noisyTeacher } from '../noisy-teacher.ts';

/** As the demo's application asks. */
export const SYSTEM = `Classify the customer's message. Answer with exactly one of: ${DEMO_LABELS.join(', ')}.`;

const SAMPLES = 4;
const KEEP_BEST = 2;
/** Shares of the data set's splits; the rest, a quarter, is its test split, which the trainer never sees. */
const SPLITS = { train: 0.6, validation: 0.15 };

export function promptOf(text: string): { role: string; content: string }[] {
  return [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: text },
  ];
}

/** The demo's training messages with their sentence vectors, by which the teacher confuses intents. */
export async function trainMessages(embedderFolder: string, log: Logger): Promise<Message[]> {
  const messages = demoMessages('train');
  const pool = await createEmbedderPool({ embedderFolder, threads: 2, log });
  const vectors = await pool.embed(messages.map(({ text }) => text));
  await pool.close();
  return messages.map((message, i) => ({ ...message, vector: rowOf(vectors, i) }));
}

/** What the student is scored on: messages of the test file with the annotators' answers. */
export function testRows(): { rowId: string; messages: { role: string; content: string }[]; answer: string }[] {
  return demoMessages('test').map(({ text, label }: LabelledMessage, i) => ({
    rowId: `test-${i}`,
    messages: promptOf(text),
    answer: label,
  }));
}

/** Curated train and validation rows of one seed. */
export function curatedRows(messages: readonly Message[], seed: number): CuratedRow[] {
  const random = seededRandom(seed);
  const train = Math.round(messages.length * SPLITS.train);
  const validation = Math.round(messages.length * SPLITS.validation);
  const { drawn } = draw(messages, train + validation, random);
  const teach = noisyTeacher(messages, SAMPLES, random);
  return drawn.map((message, i) => {
    const answers = teach(message).samples.map((answer) => ({ answer, finishReason: 'stop' }));
    const { votes, best, worst, agreement, dropped } = voteLabels(answers, new Set<string>(DEMO_LABELS), KEEP_BEST);
    const split = i < train ? 'train' : 'validation';
    return { rowId: `row-${i}`, group: `row-${i}`, split, messages: promptOf(message.text), votes, best, worst, agreement, dropped };
  });
}
