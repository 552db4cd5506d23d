import type { DatasetSource } from '../../../../contracts/datasets.ts';

/** Where a dataset's rows come from, in a few words. */
export function sourceInWords(source: DatasetSource): string {
  if ('file' in source) return `file ${source.file.slice(0, 12)}`;
  const { alias, model, metadata, since, until } = source.traces;
  const parts = [
    alias && `alias ${alias}`,
    model && `model ${model}`,
    ...Object.entries(metadata ?? {}).map(([key, value]) => `${key}=${value}`),
    since && `since ${since.slice(0, 16).replace('T', ' ')}`,
    until && `until ${until.slice(0, 16).replace('T', ' ')}`,
  ].filter((part) => typeof part === 'string' && part !== '');
  return parts.length > 0 ? `traces: ${parts.join(', ')}` : 'all traces';
}
