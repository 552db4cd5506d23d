import { Tooltip } from '@mantine/core';
import { formatAgo, formatExact } from '../format/time.ts';
import { useNow } from '../format/use-now.ts';

/** How long ago it was; the exact time on hover and focus. */
export function RelativeTime({ at }: { at: string }) {
  const now = useNow();
  return (
    <Tooltip label={formatExact(at)}>
      <time dateTime={at} className="numbers" style={{ whiteSpace: 'nowrap' }}>
        {formatAgo(at, now)}
      </time>
    </Tooltip>
  );
}
