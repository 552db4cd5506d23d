import type { KeyView } from '../../../../contracts/keys.ts';
import { StatusTag } from '../components/status-tag.tsx';
import { formatCount } from '../format/numbers.ts';
import { useNow } from '../format/use-now.ts';

/** Whether a key opens anything. */
export function KeyTag({ item: { revokedAt, expiresAt } }: { item: Pick<KeyView, 'revokedAt' | 'expiresAt'> }) {
  const now = useNow();
  if (revokedAt !== null) return <StatusTag tone="calm">revoked</StatusTag>;
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return <StatusTag tone="warn">expired</StatusTag>;
  return <StatusTag tone="good">in use</StatusTag>;
}

/** What a key may call; all where it names nothing. */
export function MayCall({ item: { aliases, models } }: { item: Pick<KeyView, 'aliases' | 'models'> }) {
  const names = [...aliases, ...models];
  return names.length === 0 ? <span className="dimmed">everything</span> : <span className="mono">{names.join(', ')}</span>;
}

/** A limit of a minute, or that there is none. */
export function PerMinute({ limit }: { limit: number | null }) {
  return limit === null ? <span className="dimmed">none</span> : formatCount(limit);
}
