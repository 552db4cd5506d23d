import { useQuery } from '@tanstack/react-query';
import { useApi } from '../api/project-scope.tsx';
import { aliasesQuery, clustersQuery, keysQuery, overviewQuery, targetsQuery } from '../api/queries.ts';

/** A name and what it stands for. */
interface Option {
  value: string;
  label: string;
}

/** What the fields of the filter offer: what the project has, and what was called today. */
export interface FilterOptions {
  aliases: string[];
  targets: string[];
  models: string[];
  providers: string[];
  clusters: Option[];
  keys: Option[];
}

/** Followed; empty where it can't be had. */
export function useFilterOptions(): FilterOptions {
  const api = useApi();
  const aliases = useQuery(aliasesQuery(api)).data?.map(({ name }) => name) ?? [];
  const called = useQuery(overviewQuery(api)).data?.byTarget.map(({ target }) => target) ?? [];
  const known = useQuery(targetsQuery(api)).data?.map(({ target }) => target) ?? [];
  const clusters = useQuery(clustersQuery(api)).data?.map(({ id, name }) => ({ value: id, label: name })) ?? [];
  const keys = useQuery(keysQuery(api)).data ?? [];
  const targets = [...new Set([...called, ...known])];
  return {
    aliases,
    targets,
    models: [...new Set([...aliases, ...targets.map((target) => target.slice(target.indexOf('/') + 1))])],
    providers: [...new Set(targets.map((target) => target.slice(0, target.indexOf('/'))))],
    clusters: differing(clusters),
    keys: [...differing(keys.map(keyOption)), { value: 'admin', label: 'the admin key' }],
  };
}

function keyOption({ id, name, revokedAt }: { id: string; name: string; revokedAt: string | null }): Option {
  return { value: id, label: revokedAt === null ? name : `${name} (revoked)` };
}

/** Where two have one name, their ids tell them apart. */
function differing(options: Option[]): Option[] {
  const times = Map.groupBy(options, ({ label }) => label);
  return options.map(({ value, label }) => ({ value, label: times.get(label)!.length > 1 ? `${label} · ${value}` : label }));
}
