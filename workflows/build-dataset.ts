import {
  CancellationScope,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { BuildDatasetActivities, DatasetBuild, SelectedRows } from '../activities/build-dataset.ts';
import { BuildDatasetInput } from '../contracts/datasets.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { failureSentence, parseInput } from './failures.ts';

const { beginDataset, endDataset } = proxyActivities<BuildDatasetActivities>({
  // One query and one insert.
  startToCloseTimeout: '30 seconds',
  // For ever: while ClickHouse is down the build waits; what no retry mends is marked so.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

const { selectRows, writeRows } = proxyActivities<BuildDatasetActivities>({
  // A hundred thousand rows take about a minute a pass; the heartbeat finds a dead worker long before this.
  startToCloseTimeout: '2 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // For ever, as above; a second attempt starts over and inserts nothing twice.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** Makes one immutable version of a dataset from recorded traces or an uploaded file. Its id holds the source's hash. */
export async function buildDataset(
  raw: unknown,
): Promise<{ name: string; version: number; hash: string; rows: SelectedRows['summary']['rows'] }> {
  const input = parseInput(BuildDatasetInput, raw);
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: input.project }]);
  const startedAt = workflowInfo().runStartTime.toISOString();
  const { version } = await beginDataset({ input, startedAt });
  const build: DatasetBuild = { input, version, startedAt };
  try {
    setCurrentDetails(`Dataset **${input.name}** version ${version}: choosing rows.`);
    const selected = await selectRows(build);
    const { rows, hash } = selected.summary;
    setCurrentDetails(`Dataset **${input.name}** version ${version}: writing ${rows.train} / ${rows.validation} / ${rows.test} rows.`);
    await writeRows({ build, selected });
    await endDataset({ build, selected, error: null });
    setCurrentDetails(`Dataset **${input.name}** version ${version} is ready: ${rows.train} / ${rows.validation} / ${rows.test} rows.`);
    return { name: input.name, version, hash, rows };
  } catch (error) {
    const sentence = isCancellation(error) ? 'The build was cancelled.' : failureSentence(error);
    await CancellationScope.nonCancellable(() => endDataset({ build, selected: null, error: sentence }));
    throw error;
  }
}
