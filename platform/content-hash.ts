import { createHash } from 'node:crypto';
import type { ClusterRequest, ClusterSource } from '../contracts/clusters.ts';
import type { BuildDatasetInput, DatasetRow } from '../contracts/datasets.ts';
import type { JudgeDatasetInput } from '../contracts/dataset-judging.ts';
import type { DistilInput } from '../contracts/distil.ts';

/** JSON with sorted keys and without undefined fields: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

/** SHA-256 of the value's canonical JSON, in hexadecimal. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** What makes two dataset requests of one name the same: source, task, splits, filters, and what people have said of the rows. Part of the build's workflow id. */
export function datasetSourceHash({ source, task, splits, filters, curatedUntil }: DatasetIdentity): string {
  return contentHash({ source, task, splits, filters, curatedUntil });
}

type DatasetIdentity = Pick<BuildDatasetInput, 'source' | 'task' | 'splits' | 'filters' | 'curatedUntil'>;

/** The name of a distillation that was given none: the same input has the same name. */
export function distillationName(input: DistilInput): string {
  return `distil-${contentHash({ ...input, name: undefined }).slice(0, 12)}`;
}

/** The name of a run of `clusterTraces` that was given none: the same request has the same name. */
export function clusterRunName(request: ClusterRequest): string {
  const { name: _, ...rest } = request;
  return `${request.mode}-${contentHash({ ...rest, project: undefined }).slice(0, 12)}`;
}

/** What chooses traces without the times: runs of one scope continue each other's clusters. */
export function clusterScope({ alias, model, metadata }: ClusterSource): string {
  return contentHash({ alias, model, metadata }).slice(0, 16);
}

/** What is judged of a row: its prompt and its answer. A verdict on another answer says nothing of this one. */
export function rowContent({ promptHash, reference }: Pick<DatasetRow, 'promptHash' | 'reference'>): string {
  return contentHash({ promptHash, reference }).slice(0, 32);
}

/** The name of a judge's run: the same request about the same version has the same name. */
export function judgementName(input: JudgeDatasetInput): string {
  return `judge-${contentHash({ ...input, project: undefined, dataset: undefined }).slice(0, 12)}`;
}
