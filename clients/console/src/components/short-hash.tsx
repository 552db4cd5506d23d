import { Tooltip } from '@mantine/core';
import { CopyTo } from './copy-to.tsx';

/** The first digits of a hash, the whole on hover and to copy. */
export function ShortHash({ hash }: { hash: string }) {
  if (hash === '') return <span className="dimmed">–</span>;
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 4 }}>
      <Tooltip label={<span className="mono">{hash}</span>}>
        <span className="mono">{hash.slice(0, 12)}</span>
      </Tooltip>
      <CopyTo text={hash} label="Copy the hash" />
    </span>
  );
}
