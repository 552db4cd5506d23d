import type { Distillation } from '../../../../contracts/distil.ts';
import { Figures } from '../components/figures.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatDuration } from '../format/time.ts';
import { useNow } from '../format/use-now.ts';
import { STAGE_WORDS } from '../format/wording.ts';

/** How far the run is, what it spent, how long it takes. */
export function RunFigures({ run }: { run: Distillation }) {
  const now = useNow();
  const tookMs = (run.endedAt ? Date.parse(run.endedAt) : Math.max(now, Date.parse(run.updatedAt))) - Date.parse(run.startedAt);
  return (
    <Figures
      figures={[
        {
          name: 'Progress',
          value: `${Math.round(run.progress * 100)} %`,
          aside: !run.endedAt && run.stage && STAGE_WORDS[run.stage].name.toLowerCase(),
        },
        { name: 'Spent', value: formatUsd(run.spentUsd), aside: `of ${formatUsd(run.input.maxUsd)}` },
        { name: run.endedAt ? 'Took' : 'Running for', value: formatDuration(tookMs) },
        { name: 'Started', value: <RelativeTime at={run.startedAt} /> },
      ]}
    />
  );
}
