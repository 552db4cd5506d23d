import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { statusOf } from './problem.ts';
import { signOut } from './session.ts';

/** Queries retry what can succeed later; a refused key brings the login back. */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (statusOf(error) === 401) signOut('The gateway refused this key.');
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 3_000,
        retry: (failures, error) => {
          const status = statusOf(error);
          return failures < 2 && status !== null && (status === 0 || status >= 500);
        },
        retryDelay: (failures) => 500 * 2 ** failures,
      },
    },
  });
}
