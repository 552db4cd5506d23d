import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { ImportActivities } from '../activities/import-traces.ts';
import type { WaitingImport } from '../contracts/imports.ts';
import { MESSAGES } from '../contracts/names.ts';
import { failureSentence } from './failures.ts';

const { importFile } = proxyActivities<ImportActivities>({
  // Some thousand rows a second: 5 GB take an hour. The heartbeat finds a dead worker long before this.
  startToCloseTimeout: '24 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // For ever: while ClickHouse is down the import waits; what no retry mends is marked so.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

const { failImport } = proxyActivities<ImportActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * Imports a project's uploaded logs one after the other: each looks up what is stored and stores the rest, and two at once could
 * both find a call missing. Started by the first file, it ends when none waits.
 */
export async function importTraces({ project }: { project: string }): Promise<void> {
  const waiting: WaitingImport[] = [];
  setHandler(defineSignal<[WaitingImport]>(MESSAGES.importFile), (file) => {
    if (!waiting.some(({ name }) => name === file.name)) waiting.push(file);
  });
  setHandler(defineQuery<WaitingImport[]>(MESSAGES.state), () => waiting);
  // Started by a signal, which is there before this or right after it.
  await condition(() => waiting.length > 0, '1 minute');
  for (let next = waiting[0]; next; next = waiting[0]) {
    setCurrentDetails(`Importing **${next.name}**; ${waiting.length - 1} more wait.`);
    try {
      await importFile({ project, waiting: next });
    } catch (error) {
      const file = next;
      const sentence = isCancellation(error) ? 'The import was cancelled.' : failureSentence(error);
      await CancellationScope.nonCancellable(() => failImport({ project, waiting: file, error: sentence }));
      if (isCancellation(error)) throw error;
    }
    waiting.shift();
  }
}
