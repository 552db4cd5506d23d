import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Judgement } from '../../contracts/dataset-judging.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { labProvider } from '../gateway/gateway-process.ts';
import { type CountedUpstream, startCountedUpstream } from '../support/counted-upstream.ts';
import { type DistilBench, startDistilBench } from '../support/distil-bench.ts';

export const JUDGE = 'judge/test';
/** What one call costs at the lab's prices: 400 tokens in, 60 out. */
export const CALL_USD = (400 * 2.5 + 60 * 10) / 1_000_000;

/** The engines, a gateway and a judge around a worker under test. */
export interface JudgeBench extends DistilBench {
  judge: CountedUpstream;
  /** Builds a dataset of label rows; every tenth answer is wrong, every 25th row one that the judge says nonsense of. */
  build(client: Client, home: string, project: string, rows: number): Promise<void>;
  start(client: Client, project: string, request?: object): ReturnType<typeof startJudging>;
}

/** What the judge says of the row in a prompt. */
function opinionOf(prompt: string): string {
  const number = Number(/question (\d+)/.exec(prompt)![1]);
  const answer = JSON.parse(/^Answer to be judged: (.*)$/m.exec(prompt)![1]!) as string;
  if (number % 25 === 24) return 'I think this is fine.';
  const right = answer === (number % 2 === 0 ? 'even' : 'odd');
  return JSON.stringify({ reason: right ? 'It is right.' : 'It is wrong.', c1: right ? 5 : 1, score: right ? 5 : 1 });
}

/** Label rows: the parity of a number. `wrong`: which numbers are answered wrongly. */
export function parityLines(rows: number, wrong: (i: number) => boolean = (i) => i % 10 === 3): object[] {
  return Array.from({ length: rows }, (_, i) => ({
    messages: [{ role: 'user', content: `question ${i}` }],
    answer: (i % 2 === 0) === wrong(i) ? 'odd' : 'even',
  }));
}

/** `judges`: further providers, each below a path of its own at the same upstream, so that what each has paid can be told apart; a project calls each. */
export async function startJudgeBench(judges: readonly string[] = []): Promise<JudgeBench> {
  const judge = await startCountedUpstream('judge-1', opinionOf);
  const providers = [labProvider(judge.url, { id: 'judge' }), ...judges.map((id) => labProvider(`${judge.url}/${id}`, { id }))];
  const bench = await startDistilBench({ providers, projects: judges });
  return {
    ...bench,
    judge,
    workerEnv: (home, namespace) => ({ ...bench.workerEnv(home, namespace), STILLHOUSE_ARTIFACTS: `file:${join(home, 'artifacts')}` }),
    async build(client, home, project, rows) {
      const bytes = Buffer.from(
        parityLines(rows)
          .map((line) => JSON.stringify(line))
          .join('\n'),
      );
      const file = createHash('sha256').update(bytes).digest('hex');
      await openArtifactStore(`file:${join(home, 'artifacts')}`).put(`files/${file}.jsonl`, bytes);
      await client.workflow.execute(WORKFLOWS.buildDataset, {
        workflowId: `dataset/${randomUUID()}`,
        taskQueue: QUEUES.main,
        args: [{ project, name: 'parity', source: { file }, task: { kind: 'label', labels: ['even', 'odd'] } }],
      });
    },
    start: startJudging,
    async stop() {
      await bench.stop();
      await judge.stop();
    },
  };
}

function startJudging(client: Client, project: string, request: object = {}) {
  return client.workflow.start<(input: unknown) => Promise<Judgement>>(WORKFLOWS.judgeDataset, {
    workflowId: workflowIds.judgeDataset(project, 'parity', `j-${randomUUID()}`),
    taskQueue: QUEUES.main,
    args: [{ project, dataset: 'parity', model: JUDGE, criteria: ['correct'], ...request }],
  });
}
