import type { z } from 'zod';
import type { DatasetRequest, DatasetSource, Task } from '../../../../contracts/datasets.ts';
import type { TraceFilter } from '../../../../contracts/traces.ts';
import { pairsOf } from '../traces/trace-search.ts';

/** A dataset as it is being written; what is empty is not stated. */
export interface DatasetDraft {
  name: string;
  from: 'traces' | 'file';
  alias: string;
  cluster: string;
  model: string;
  verdict: NonNullable<TraceFilter['verdict']> | '';
  /** `key=value`, more of them behind commas. */
  metadata: string;
  /** Local, as a field for a time has it. */
  since: string;
  until: string;
  file: File | null;
  task: Task['kind'];
  labels: string[];
  dropDuplicates: boolean;
}

/** Everything that the project has recorded, as labels. */
export const EMPTY_DRAFT: DatasetDraft = {
  name: '',
  from: 'traces',
  alias: '',
  cluster: '',
  model: '',
  verdict: '',
  metadata: '',
  since: '',
  until: '',
  file: null,
  task: 'label',
  labels: [],
  dropDuplicates: false,
};

/** The source that a draft names, where that is traces. */
export function tracesOf({ alias, cluster, model, verdict, metadata, since, until }: DatasetDraft): DatasetSource {
  const texts = Object.entries({ alias, cluster, model, verdict }).flatMap(([field, text]) =>
    text.trim() === '' ? [] : [[field, text.trim()]],
  );
  const times = Object.entries({ since, until }).flatMap(([field, local]) =>
    local === '' ? [] : [[field, new Date(local).toISOString()]],
  );
  const pairs = pairsOf(metadata);
  return { traces: { ...Object.fromEntries([...texts, ...times]), ...(Object.keys(pairs).length > 0 ? { metadata: pairs } : {}) } };
}

/** The request of a draft with that source. */
export function requestOf({ name, task, labels, dropDuplicates }: DatasetDraft, source: DatasetSource): z.input<typeof DatasetRequest> {
  return {
    name: name.trim(),
    source,
    task: task === 'label' && labels.length > 0 ? { kind: task, labels } : { kind: task },
    ...(dropDuplicates ? { filters: { dropDuplicates } } : {}),
  };
}

/** What a dataset is begun with: the address of the page says it. */
export type DatasetStart = Partial<Pick<DatasetDraft, 'cluster' | 'alias' | 'task'>>;

/** Reads it; what is not understood is left out. */
export function readDatasetStart(search: Record<string, unknown>): DatasetStart {
  const { cluster, alias, task } = search;
  return {
    // An id of digits alone comes as a number.
    ...(['string', 'number'].includes(typeof cluster) ? { cluster: String(cluster) } : {}),
    ...(['string', 'number'].includes(typeof alias) ? { alias: String(alias) } : {}),
    ...(task === 'label' || task === 'json' || task === 'text' ? { task } : {}),
  };
}
