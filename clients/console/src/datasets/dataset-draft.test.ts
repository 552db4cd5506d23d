import { expect, it } from 'vitest';
import { DatasetRequest } from '../../../../contracts/datasets.ts';
import { EMPTY_DRAFT, requestOf, tracesOf } from './dataset-draft.ts';

const parsed = (draft: typeof EMPTY_DRAFT) => DatasetRequest.parse(requestOf(draft, tracesOf(draft)));

it('states what is written and nothing else', () => {
  expect(parsed({ ...EMPTY_DRAFT, name: ' triage ' })).toEqual({ name: 'triage', source: { traces: {} }, task: { kind: 'label' } });
  const draft = {
    ...EMPTY_DRAFT,
    name: 'triage',
    cluster: 'c-1',
    verdict: 'corrected' as const,
    metadata: 'app=bank, run=7',
    dropDuplicates: true,
  };
  expect(parsed({ ...draft, since: '2026-05-01T10:00', labels: ['yes', 'no'] })).toEqual({
    name: 'triage',
    source: {
      traces: {
        cluster: 'c-1',
        verdict: 'corrected',
        metadata: { app: 'bank', run: '7' },
        since: new Date('2026-05-01T10:00').toISOString(),
      },
    },
    task: { kind: 'label', labels: ['yes', 'no'] },
    filters: { dropDuplicates: true },
  });
});

it('labels are of a label task alone', () => {
  expect(parsed({ ...EMPTY_DRAFT, name: 'a', task: 'json', labels: ['yes', 'no'] }).task).toEqual({ kind: 'json' });
});
