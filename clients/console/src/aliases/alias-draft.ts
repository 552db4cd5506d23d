import type { AliasInput, AliasVersion } from '../../../../contracts/aliases.ts';

/** One line of the form; the id keeps a line's focus while others go. */
export interface TargetDraft {
  id: number;
  target: string;
  weight: number | string;
}

/** An alias as it is being written. */
export interface AliasDraft {
  targets: TargetDraft[];
  fallbacks: string[];
  /** Of its cache and its hedge; empty where it has none. */
  cacheSeconds: number | string;
  hedgeMs: number | string;
  reason: string;
}

/** A draft of what stands now, or of nothing; the reason is always written anew. */
export function draftOf(alias: Pick<AliasVersion, 'targets' | 'fallbacks' | 'cache' | 'hedge'> | null): AliasDraft {
  const targets = alias && alias.targets.length > 0 ? alias.targets : [{ target: '', weight: 1 }];
  return {
    targets: targets.map((target, id) => ({ id, ...target })),
    fallbacks: alias?.fallbacks ?? [],
    cacheSeconds: alias?.cache?.ttlSeconds ?? '',
    hedgeMs: alias?.hedge?.afterMs ?? '',
    reason: '',
  };
}

/** A further, empty line. */
export function withTarget(draft: AliasDraft): AliasDraft {
  const id = Math.max(...draft.targets.map((target) => target.id), -1) + 1;
  return { ...draft, targets: [...draft.targets, { id, target: '', weight: 1 }] };
}

/** The body of the change. */
export function inputOf(draft: AliasDraft): AliasInput {
  return {
    targets: draft.targets.map(({ target, weight }) => ({ target: target.trim(), weight: Number(weight) })),
    fallbacks: draft.fallbacks,
    ...(draft.cacheSeconds === '' ? {} : { cache: { ttlSeconds: Number(draft.cacheSeconds) } }),
    ...(draft.hedgeMs === '' ? {} : { hedge: { afterMs: Number(draft.hedgeMs) } }),
    reason: draft.reason.trim(),
  };
}

/** Share of a line among all, 0 to 1; null while the weights are no numbers. */
export function shareOf(draft: AliasDraft, id: number): number | null {
  const weights = draft.targets.map((target) => Number(target.weight));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const own = Number(draft.targets.find((target) => target.id === id)?.weight);
  return sum > 0 && weights.every((weight) => weight > 0) ? own / sum : null;
}
