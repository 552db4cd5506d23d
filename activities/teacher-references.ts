import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { voteLabels } from '../core/label-votes.ts';
import { canDecide, fewestRowsToDecide } from '../core/statistics/decision.ts';
import { goldOf } from '../store/clickhouse/datasets.ts';
import type { CurateDeps } from './curate.ts';
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
     * The majority of the fresh teacher samples of every test row without gold, as JSONL of `{rowId, reference}`. Safe to
     * retry because it reads what is journalled and writes an artifact that is named by its content.
     */
    majorityReferences: ({ plan, marginPoints }: { plan: RunPlan; marginPoints: number }): Promise<ArtifactRef> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const { project, distillation } = plan.run;
        const labels = new Set(plan.labels);
        const gold = await goldOf(deps.clickhouse, project, plan.dataset, 'test');
        let referenced = gold.size;
        async function* lines() {
          for await (const rows of rowPages(deps.clickhouse, plan, 'test')) {
            signal.throwIfAborted();
            const wanted = rows.filter((row) => !gold.has(row.rowId));
            const samples = await journalledSamples(deps.clickhouse, plan, 'reference', wanted);
            for (const row of wanted) {
              const reference = voteLabels(samples.get(row.rowId) ?? [], labels, 1).best[0];
              if (reference === undefined) continue;
              referenced++;
              yield { rowId: row.rowId, reference };
            }
            progress({ referenced });
          }
        }
        const ref = await putJsonl(deps, `distillations/${project}/${distillation}/references`, lines());
        if (!canDecide(referenced, marginPoints))
          throw new StillhouseError(
            'test_too_small',
            `Only ${referenced} test rows have a reference; it takes at least ${fewestRowsToDecide(marginPoints)} at a margin of ${marginPoints} points.`,
          );
        return ref;
      }),
  };
}
