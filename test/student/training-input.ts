import { createHash } from 'node:crypto';
import type { TrainStudentInput } from '../../contracts/language-model.ts';
import type { CuratedRow } from '../../contracts/stages.ts';
import { defaultSettings } from '../../core/students/default-settings.ts';
import { DistilInput } from '../../contracts/distil.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

const base = {
  id: 'stillhouse-mini',
  digest: createHash('sha256').update('base').digest('hex'),
  parameters: 1_000_000,
  contextTokens: 512,
  vocabulary: 1000,
  licence: null,
};

/** A training as the workflow would ask for it, of eight made-up rows. */
export async function trainingInput(artifacts: ArtifactStore, name: string): Promise<TrainStudentInput> {
  const rows = Array.from({ length: 10 }, (_, i): CuratedRow => {
    const label = i % 2 === 0 ? 'even' : 'odd';
    const messages = [{ role: 'user', content: `number ${i}` }];
    const split = i < 8 ? 'train' : 'validation';
    return {
      rowId: `row-${i}`,
      group: `g${i}`,
      split,
      messages,
      votes: { [label]: 2 },
      best: [label],
      worst: null,
      agreement: 1,
      dropped: null,
    };
  });
  const curated = await artifacts.put(`curated/${name}.jsonl`, Buffer.from(rows.map((row) => JSON.stringify({ ...row, name })).join('\n')));
  const device = { kind: 'cpu' as const, name: 'test', count: 2, memoryBytes: 8e9, freeBytes: 8e9, computeCapability: null, note: '' };
  const { settings } = defaultSettings(base, DistilInput.parse({ dataset: 'd' }), device, 20);
  const checked = { base, device, settings, microBatchRows: 8, serveBytes: 1, longestRowTokens: 20, warnings: [] };
  return {
    project: 'default',
    distillation: name,
    runId: 'run',
    student: 'lora',
    checked,
    curated,
    task: 'label',
    keepBest: 1,
    nSamples: 2,
  };
}
