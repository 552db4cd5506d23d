import { StillhouseError } from '../../contracts/errors.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import { splitTarget } from '../../contracts/identifiers.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import type { Provider } from './provider.ts';

/** A target that can be called: its provider, and the provider's name of the model. */
export interface Callable {
  target: string;
  provider: Provider;
  model: string;
}

/** All that this gateway can call. */
export interface Catalogue {
  /** The provider behind a target; null where there is none of that id, or it names nothing that is called. */
  find(target: string): Callable | null;
  /** Targets of the providers that list this bare model id. */
  withModel(model: string): string[];
  /** Those that pass on what is OpenAI's and not chat. */
  passing(): readonly Provider[];
  targets(snapshot: RegistrySnapshot): TargetInfo[];
  close(): Promise<void>;
}

/** Puts providers together; ids must be unique. */
export function createCatalogue(providers: readonly Provider[]): Catalogue {
  const byId = new Map<string, Provider>();
  for (const provider of providers) {
    if (byId.has(provider.id)) throw new StillhouseError('invalid_request', `Two providers are called "${provider.id}"`);
    byId.set(provider.id, provider);
  }
  const passing = providers.filter((provider) => provider.passOn !== undefined);
  const found = new Map<string, Callable | null>();
  const nothing: RegistrySnapshot = emptySnapshot('');
  const byModel = Map.groupBy(
    providers.flatMap((provider) => provider.targets(nothing).map((info) => info.target)),
    (target) => target.slice(target.indexOf('/') + 1),
  );
  return {
    find(target) {
      const known = found.get(target);
      if (known !== undefined) return known;
      const callable = locate(byId, target);
      // Callers choose these names: the memory of them is bounded.
      if (found.size > 1000) found.clear();
      found.set(target, callable);
      return callable;
    },
    passing: () => passing,
    withModel: (model) => byModel.get(model) ?? [],
    targets: (snapshot) => providers.flatMap((provider) => provider.targets(snapshot)),
    close: async () => void (await Promise.all(providers.map((provider) => provider.close()))),
  };
}

function locate(byId: ReadonlyMap<string, Provider>, target: string): Callable | null {
  const split = splitTarget(target);
  if (!split || split.provider === 'router') return null;
  const provider = byId.get(split.provider);
  return provider ? { target, provider, model: split.model } : null;
}
