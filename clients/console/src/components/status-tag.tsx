import type { Dataset } from '../../../../contracts/datasets.ts';
import type { Evaluation, RunStatus } from '../../../../contracts/distil.ts';
import type { TraceStatus } from '../../../../contracts/traces.ts';
import classes from './status-tag.module.css';

/** What a status means for whoever looks at it. */
export type Tone = 'good' | 'bad' | 'warn' | 'live' | 'calm';

/** A status in words, with the colour of its tone; the colour never stands alone. */
export function StatusTag({ tone, size, children }: { tone: Tone; size?: 'lg'; children: React.ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone} data-size={size}>
      {children}
    </span>
  );
}

const RUN_TONES: Record<RunStatus, Tone> = { running: 'live', paused: 'warn', completed: 'good', failed: 'bad', cancelled: 'calm' };
const TRACE_TONES: Record<TraceStatus, Tone> = { ok: 'good', error: 'bad', interrupted: 'warn', cancelled: 'calm' };
const DATASET_TONES: Record<Dataset['status'], Tone> = { building: 'live', ready: 'good', failed: 'bad' };
const DECISION_TONES: Record<Evaluation['decision'], Tone> = { not_worse: 'good', worse: 'bad', undecided: 'warn' };
const DECISION_WORDS: Record<Evaluation['decision'], string> = { not_worse: 'not worse', worse: 'worse', undecided: 'undecided' };

/** Status of a distillation. */
export const RunTag = ({ status }: { status: RunStatus }) => <StatusTag tone={RUN_TONES[status]}>{status}</StatusTag>;
/** How a call ended. */
export const TraceTag = ({ status }: { status: TraceStatus }) => <StatusTag tone={TRACE_TONES[status]}>{status}</StatusTag>;
/** Status of a dataset. */
export const DatasetTag = ({ status }: { status: Dataset['status'] }) => <StatusTag tone={DATASET_TONES[status]}>{status}</StatusTag>;
/** Outcome of an evaluation. */
export function DecisionTag({ decision, size }: { decision: Evaluation['decision']; size?: 'lg' }) {
  return (
    <StatusTag tone={DECISION_TONES[decision]} {...(size ? { size } : {})}>
      {DECISION_WORDS[decision]}
    </StatusTag>
  );
}
