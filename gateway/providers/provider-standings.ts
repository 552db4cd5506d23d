import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { ProviderModel, ProviderView } from '../../contracts/providers.ts';
import type { ProviderSecrets } from '../keys/provider-secrets.ts';
import type { BreakerStanding } from '../routing/circuit-breaker.ts';
import { shownPrices } from './price.ts';
import type { ProviderConnection } from './provider-connection.ts';

/** How a configured provider stands at this gateway; what its calls say is ClickHouse's to tell. */
export type ProviderStanding = Omit<ProviderView, 'lastHour' | 'lastErrors' | 'models'> & { models: Omit<ProviderModel, 'lastHour'>[] };

/** The providers that the configuration names. */
export interface ProviderStandings {
  ids: readonly string[];
  /** Its key as it is now, without the key itself; null where the configuration names no such provider. */
  keyOf(id: string): ProviderView['key'] | null;
  /** In the configuration's order, with its models, those in `called`, and those whose breaker remembers a failure. */
  now(called: readonly string[]): Promise<ProviderStanding[]>;
}

interface StandingParts {
  configs: readonly ProviderConfig[];
  connectionOf: (config: ProviderConfig) => Pick<ProviderConnection, 'key' | 'refusal'>;
  stored: Pick<ProviderSecrets, 'stores'>;
  /** Of all processes of this gateway. */
  breakers: () => Promise<BreakerStanding[]>;
}

/** Looks when it is asked: keys and breakers change all the while. */
export function providerStandings({ configs, connectionOf, stored, breakers }: StandingParts): ProviderStandings {
  const parts = configs.map((config) => ({ config, connection: connectionOf(config), pricesOf: shownPrices(config) }));
  return {
    ids: configs.map(({ id }) => id),
    keyOf(id) {
      const part = parts.find(({ config }) => config.id === id);
      return part ? keyOf(part.config, part.connection, stored.stores(id)) : null;
    },
    async now(called) {
      const states = new Map((await breakers()).map((breaker) => [breaker.target, breaker]));
      return parts.map(({ config, connection, pricesOf }) => {
        const { id, kind } = config;
        const prefix = `${id}/`;
        const named = new Set(config.models.map((model) => prefix + model.id));
        const others = [...called, ...states.keys()].filter((target) => target.startsWith(prefix));
        const models = [...new Set([...named, ...others])].map((target) => ({
          target,
          configured: named.has(target),
          ...pricesOf(target.slice(prefix.length)),
          breaker: states.get(target)?.state ?? 'closed',
          probeInMs: Math.ceil(states.get(target)?.waitMs ?? 0),
        }));
        const reason = connection.refusal?.message ?? '';
        return { id, kind, key: keyOf(config, connection, stored.stores(id)), ready: reason === '', reason, models };
      });
    },
  };
}

function keyOf({ apiKeyEnv }: ProviderConfig, connection: Pick<ProviderConnection, 'key'>, isStored: boolean): ProviderView['key'] {
  const variable = apiKeyEnv ?? null;
  // Without a variable no key is ever asked for, a stored one neither.
  if (variable !== null && isStored) return { set: true, from: 'api', variable };
  return connection.key ? { set: true, from: 'environment', variable } : { set: false, from: null, variable };
}
