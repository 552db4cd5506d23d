import type { DatasetSource } from '../../../../contracts/datasets.ts';

/** Where a dataset's rows come from, in a few words. */
export function sourceInWords(source: DatasetSource): string {
  if ('file' in source) return `file ${source.file.slice(0, 12)}`;
  const { metadata, since, until, ...plain } = source.traces;
  const parts = [
    ...Object.entries(plain).map(([name, value]) => value && `${name} ${value}`),
    ...Object.entries(metadata ?? {}).map(([key, value]) => `${key}=${value}`),
    since && `since ${since.slice(0, 16).replace('T', ' ')}`,
    until && `until ${until.slice(0, 16).replace('T', ' ')}`,
  ].filter((part) => typeof part === 'string' && part !== '');
  return parts.length > 0 ? `traces: ${parts.join(', ')}` : 'all traces';
}
