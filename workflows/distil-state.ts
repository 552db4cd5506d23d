import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { type DistilInput, type Distillation, type DistillationEvent, type Stage, type StageState } from '../contracts/distil.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { startingState } from '../core/distillation/starting-state.ts';

/** Share of a whole run's time that a stage usually takes. */
const WEIGHTS: Record<Stage, number> = {
  generate: 0.55,
  curate: 0.05,
  train: 0.2,
  export: 0.05,
  evaluate: 0.1,
  register: 0.025,
  alias: 0.025,
};

type EventKind = DistillationEvent['kind'];

/** What a run knows of itself: the answer of its `state` query, and the events that are not yet recorded. */
export class RunState {
  readonly state: Distillation;
  /** US dollars paid for other things than calls: no trace tells of them. */
  chargedUsd = 0;
  #sequence = 0;
  #events: DistillationEvent[] = [];

  constructor(input: DistilInput, name: string) {
    const { workflowId, runId, runStartTime } = workflowInfo();
    this.state = startingState(input, { name, workflowId, runId, startedAt: runStartTime });
    this.search('project', input.project);
    if (input.alias) this.search('alias', input.alias);
  }

  stage(stage: Stage): StageState {
    return this.state.stages.find((known) => known.stage === stage)!;
  }

  begin(stage: Stage, total: number | null = null): void {
    Object.assign(this.stage(stage), { status: 'running', startedAt: now(), total, done: total === null ? null : 0 });
    this.state.stage = stage;
    this.search('stage', stage);
    this.event('stage-started', `${stage} begins`);
  }

  advance(stage: Stage, done: number): void {
    const known = this.stage(stage);
    known.done = done;
    this.event('progress', `${stage}: ${done} of ${known.total ?? done}`, { done, total: known.total });
  }

  end(stage: Stage, summary: StageState['summary']): void {
    const known = this.stage(stage);
    Object.assign(known, { status: 'done', endedAt: now(), done: known.total, summary: { ...known.summary, ...summary } });
    this.event('stage-ended', `${stage} has ended`, summary);
  }

  skip(stage: Stage, reason: string): void {
    Object.assign(this.stage(stage), { status: 'skipped', summary: { reason } });
    this.#touch();
  }

  warn(message: string): void {
    this.state.warnings.push(message);
    this.event('warning', message);
  }

  /** Something was paid for that is no call. */
  charge(usd: number): void {
    this.chargedUsd += usd;
    this.state.spentUsd += usd;
  }

  /** The run's end; a stage that was running has failed. */
  close(status: 'completed' | 'failed' | 'cancelled', message: string): void {
    this.state.status = status;
    this.state.endedAt = now();
    if (status === 'failed') this.state.error = message;
    for (const known of this.state.stages)
      if (status !== 'completed' && known.status === 'running') Object.assign(known, { status: 'failed', endedAt: now() });
    this.search('stage', status);
    this.event(status, message);
  }

  search(attribute: keyof typeof SEARCH_ATTRIBUTES, value: string): void {
    upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[attribute], 'KEYWORD'), value }]);
  }

  event(kind: EventKind, message: string, data: Record<string, unknown> = {}): void {
    this.#events.push({ sequence: ++this.#sequence, at: now(), stage: this.state.stage, kind, message, data });
    this.#touch();
  }

  /** The events since the last call, for the recording activity. */
  takeEvents(): DistillationEvent[] {
    const taken = this.#events;
    this.#events = [];
    return taken;
  }

  #touch(): void {
    this.state.updatedAt = now();
    this.state.progress = this.state.status === 'completed' ? 1 : progressOf(this.state.stages);
    setCurrentDetails(detailsOf(this.state));
  }
}

function now(): string {
  return new Date().toISOString();
}

function progressOf(stages: readonly StageState[]): number {
  let sum = 0;
  for (const { stage, status, done, total } of stages) {
    if (status === 'done' || status === 'skipped') sum += WEIGHTS[stage];
    else if (done !== null && total) sum += WEIGHTS[stage] * Math.min(1, done / total);
  }
  return Math.min(1, Math.round(sum * 1000) / 1000);
}

/** Markdown for Temporal's UI. */
function detailsOf(state: Distillation): string {
  const marks = { pending: '·', running: '▶', done: '✓', skipped: '–', failed: '✗' } as const;
  const lines = state.stages.map(({ stage, status, done, total, summary }) => {
    const count = total === null ? '' : ` ${done ?? 0} of ${total}`;
    const facts = Object.entries(summary).map(([name, value]) => `${name} ${value}`);
    return `- ${marks[status]} **${stage}**${count} ${facts.join(', ')}`;
  });
  const head = `**${state.status}** · ${Math.round(state.progress * 100)} % · $${state.spentUsd.toFixed(4)} of $${state.input.maxUsd}`;
  return [head, '', ...lines, ...state.warnings.map((warning) => `\n> ${warning}`), ...(state.error ? [`\n**${state.error}**`] : [])].join(
    '\n',
  );
}
