import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { InspectActivities } from '../activities/inspect-dataset.ts';
import { InspectDatasetInput, type InspectionCard } from '../contracts/dataset-inspection.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { parseInput } from './failures.ts';

const { inspectRows } = proxyActivities<InspectActivities>({
  // A hundred thousand texts take an hour or so to embed.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s; arithmetic is on a thread of its own, so that they go on.
  heartbeatTimeout: '30 seconds',
  // Vectors are kept by portions: an attempt goes on where the last one stopped.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 100 },
});

/** Looks a dataset version over: rows whose answer is not that of their neighbours, test rows that are nearly training rows. */
export async function inspectDataset(raw: unknown): Promise<InspectionCard> {
  const input = parseInput(InspectDatasetInput, raw);
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: input.project }]);
  const card = await inspectRows(input);
  const { leakage } = card;
  setCurrentDetails(
    `${card.suspects} of ${card.rows} rows are suspect; ${leakage.near} of ${leakage.testRows} test rows are nearly training rows.`,
  );
  return card;
}
