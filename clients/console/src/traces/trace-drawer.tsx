import { Drawer, Skeleton, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Trace } from '../../../../contracts/traces.ts';
import { traceQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CopyTo } from '../components/copy-to.tsx';
import { Loaded } from '../components/loaded.tsx';
import { TraceTag } from '../components/status-tag.tsx';
import { formatCost } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { JsonView } from './json-view.tsx';
import { Conversation } from './conversation.tsx';
import { ReplayPanel } from './replay-panel.tsx';
import { TraceFacts } from './trace-facts.tsx';
import classes from './traces.module.css';

// Focus begins here, not on the copy button, whose tooltip would lie over the figures.
const CLOSE_BUTTON = { 'aria-label': 'Close the trace', 'data-autofocus': true };

/** One whole trace beside the list. */
export function TraceDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      classNames={{ title: classes.drawerTitle ?? '' }}
      size={640}
      title={id && <TraceTitle id={id} />}
      closeButtonProps={CLOSE_BUTTON}
      overlayProps={{ backgroundOpacity: 0.25 }}
    >
      {id && <TraceContent id={id} />}
    </Drawer>
  );
}

const TraceTitle = ({ id }: { id: string }) => (
  <span className={classes.title}>
    <b>Trace</b>
    <span className="mono dimmed truncate">{id}</span>
    <CopyTo text={id} label="Copy the id" />
  </span>
);

function TraceContent({ id }: { id: string }) {
  const query = useQuery(traceQuery(useApi(), id));
  return (
    <Loaded query={query} skeleton={<Skeleton height={420} radius="md" />}>
      {(trace) => (
        <>
          <TraceFigures trace={trace} />
          {trace.errorMessage && (
            <div className={classes.error}>
              {trace.errorClass && <b>{trace.errorClass}: </b>}
              {trace.errorMessage}
            </div>
          )}
          <Tabs defaultValue="conversation" keepMounted={false}>
            <Tabs.List mb="md">
              <Tabs.Tab value="conversation">Conversation</Tabs.Tab>
              <Tabs.Tab value="facts">Details</Tabs.Tab>
              <Tabs.Tab value="replay">Replay</Tabs.Tab>
              <Tabs.Tab value="json">JSON</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="conversation">
              <Conversation trace={trace} />
            </Tabs.Panel>
            <Tabs.Panel value="facts">
              <TraceFacts trace={trace} />
            </Tabs.Panel>
            <Tabs.Panel value="replay">
              <ReplayPanel trace={trace} />
            </Tabs.Panel>
            <Tabs.Panel value="json">
              <JsonView title="Request" value={trace.request} />
              <JsonView title="Response" value={trace.response} />
            </Tabs.Panel>
          </Tabs>
        </>
      )}
    </Loaded>
  );
}

function TraceFigures({ trace }: { trace: Trace }) {
  return (
    <dl className={classes.figures}>
      <div>
        <dt>Status</dt>
        <dd>
          <TraceTag status={trace.status} />
        </dd>
      </div>
      <div>
        <dt>Tokens in + out</dt>
        <dd>{`${formatCount(trace.tokensIn)} + ${formatCount(trace.tokensOut)}`}</dd>
      </div>
      <div>
        <dt>Cost</dt>
        <dd className={classes.wraps}>{formatCost(trace.costUsd, trace.costEstimatedUsd)}</dd>
      </div>
      <div>
        <dt>Latency</dt>
        <dd>{formatMs(trace.latencyMs)}</dd>
      </div>
    </dl>
  );
}
