import { Amount, Chosen, Named, Shaped, Written } from './filter-fields.tsx';
import { KINDS, ORIGINS, pairsOf, VERDICTS } from './trace-search.ts';
import type { SearchChange, TraceSearch } from './trace-search.ts';
import type { FilterOptions } from './use-filter-options.ts';
import classes from './traces.module.css';

interface MoreFiltersProps {
  search: TraceSearch;
  options: FilterOptions;
  onChange: (part: SearchChange) => void;
}

/** Conditions that stand here. */
export const MORE = [
  'model',
  'provider',
  'origin',
  'kind',
  'cluster',
  'key',
  'session',
  'user',
  'verdict',
  'meta',
  'minCostUsd',
  'maxCostUsd',
  'minLatencyMs',
  'maxLatencyMs',
] as const;

/** Whatever else traces can be chosen by. */
export function MoreFilters({ search, options, onChange }: MoreFiltersProps) {
  return (
    <div className={classes.filters}>
      <Written label="Model" value={search.model} options={options.models} onChange={(model) => onChange({ model })} />
      <Written label="Provider" value={search.provider} options={options.providers} onChange={(provider) => onChange({ provider })} />
      <Chosen label="Origin" value={search.origin} options={ORIGINS} onChange={(origin) => onChange({ origin })} />
      <Chosen label="Kind" value={search.kind} options={KINDS} onChange={(kind) => onChange({ kind })} />
      <Named label="Cluster" value={search.cluster} options={options.clusters} onChange={(cluster) => onChange({ cluster })} />
      <Named label="Key" value={search.key} options={options.keys} onChange={(key) => onChange({ key })} />
      <Written label="Session" value={search.session} onChange={(session) => onChange({ session })} />
      <Written label="User" value={search.user} onChange={(user) => onChange({ user })} />
      <Chosen label="Verdict" value={search.verdict} options={VERDICTS} onChange={(verdict) => onChange({ verdict })} />
      <Shaped
        label="Metadata"
        placeholder="key=value, key=value"
        value={search.meta}
        isWhole={(text) => Object.keys(pairsOf(text)).length > 0}
        onChange={(meta) => onChange({ meta })}
      />
      <Amount label="Cost from" unit="$" value={search.minCostUsd} onChange={(minCostUsd) => onChange({ minCostUsd })} />
      <Amount label="Cost to" unit="$" value={search.maxCostUsd} onChange={(maxCostUsd) => onChange({ maxCostUsd })} />
      <Amount label="Latency from" unit="ms" value={search.minLatencyMs} onChange={(minLatencyMs) => onChange({ minLatencyMs })} />
      <Amount label="Latency to" unit="ms" value={search.maxLatencyMs} onChange={(maxLatencyMs) => onChange({ maxLatencyMs })} />
    </div>
  );
}
