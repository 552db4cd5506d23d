import { useQuery } from '@tanstack/react-query';
import { distillationsQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';

/** The project of the key: what the API says belongs to it. */
export function useProject(): string {
  const { data } = useQuery(distillationsQuery(useApi()));
  return data?.[0]?.project ?? 'default';
}
