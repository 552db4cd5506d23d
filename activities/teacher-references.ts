import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import type { FreshAnswers } from '../contracts/stages.ts';
import { canDecide, fewestRowsToDecide } from '../core/statistics/decision.ts';
import { goldOf } from '../store/clickhouse/datasets.ts';
import { type CurateDeps, voteOf } from './curate.ts';
import { putJsonl } from './distil/jsonl-artifact.ts';
import { rowPages } from './distil/row-pages.ts';
import type { RunPlan } from './distil/run-plan.ts';
import { journalledSamples } from './generate/samples.ts';
import { withHeartbeat } from './heartbeat.ts';

const STALL_MS = 180_000;

export type ReferenceActivities = ReturnType<typeof createReferenceActivities>;

export function createReferenceActivities(deps: CurateDeps) {
  return {
    /**
     * What the teacher was asked for the test rows, as JSONL of `FreshAnswers`: the majority of its samples where there is no
     * gold, its answer where it has none recorded. Safe to retry because it reads what is journalled and writes an artifact
     * that is named by its content.
     */
    majorityReferences: ({ plan, marginPoints }: { plan: RunPlan; marginPoints: number }): Promise<ArtifactRef> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const { project, distillation } = plan.run;
        const gold = await goldOf(deps.clickhouse, project, plan.dataset, 'test');
        // Near-duplicates are one observation.
        const comparable = new Set<string>();
        async function* lines() {
          for await (const rows of rowPages(deps.clickhouse, plan, 'test')) {
            signal.throwIfAborted();
            const samples = await journalledSamples(deps.clickhouse, plan, 'reference', rows);
            const answers = await journalledSamples(deps.clickhouse, plan, 'answer', rows);
            for (const row of rows) {
              const isGold = gold.has(row.rowId);
              const isRecorded = row.referenceTarget === plan.teacher;
              const reference = isGold ? undefined : voteOf({ ...plan, keepBest: 1 }, samples.get(row.rowId) ?? []).best[0];
              const fresh = isRecorded ? undefined : answers.get(row.rowId)?.[0];
              if ((isGold || reference !== undefined) && (isRecorded || fresh)) comparable.add(row.group);
              if (reference === undefined && !fresh) continue;
              const { answer: teacher, costUsd, latencyMs } = fresh ?? {};
              yield { rowId: row.rowId, reference, teacher, costUsd, latencyMs } satisfies FreshAnswers;
            }
            progress({ comparable: comparable.size });
          }
        }
        const ref = await putJsonl(deps, `distillations/${project}/${distillation}/references`, lines());
        if (!canDecide(comparable.size, marginPoints))
          throw new StillhouseError(
            'test_too_small',
            `Only ${comparable.size} test rows have a reference and an answer of the teacher; it takes at least ${fewestRowsToDecide(marginPoints)} at a margin of ${marginPoints} points.`,
          );
        return ref;
      }),
  };
}
