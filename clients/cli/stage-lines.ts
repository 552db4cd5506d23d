import type { Distillation, StageState } from '../sdk/index.ts';
import { count, duration, usd } from './format.ts';
import type { Output } from './output.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;

/** Whether a run stands before its alias until a person approves. */
export function waitsForApproval(run: Distillation): boolean {
  const alias = run.stages.find(({ stage }) => stage === 'alias');
  return run.status === 'running' && run.input.approval && alias?.status === 'running';
}

/** Which command lets a run that waits go on. */
export function approvalHint(run: Distillation): string {
  return `${run.name} waits for approval: "stillhouse distillations approve ${run.name}" moves "${run.input.alias}" to ${run.student}.`;
}

/** A run as lines: a head, one line a stage, and what it waits for. `frame` turns the spinner. */
export function stageLines(out: Output, run: Distillation, nowMs: number, frame: number): string[] {
  const end = run.endedAt ? Date.parse(run.endedAt) : nowMs;
  const head = [
    out.style('bold', run.name),
    standingOf(out, run),
    `${run.teacher ?? 'teacher to be found'} → ${run.student ?? run.input.student}`,
    `${usd(run.spentUsd)} of ${usd(run.input.maxUsd)}`,
    duration(Math.max(0, end - Date.parse(run.startedAt))),
  ];
  const lines = [head.join(out.style('dim', '  ·  ')), '', ...run.stages.map((stage) => stageLine(out, stage, run, nowMs, frame))];
  return waitsForApproval(run) ? [...lines, '', out.style('yellow', approvalHint(run))] : lines;
}

/** The run's status, or that it waits for a person. */
export function standingOf(out: Output, run: Distillation): string {
  return waitsForApproval(run) ? out.style('yellow', 'waits for approval') + behind(out, run) : statusOf(out, run);
}

/** The run's status in colour, and whether it is behind. */
export function statusOf(out: Output, run: Distillation): string {
  const colours = { running: 'cyan', paused: 'yellow', completed: 'green', failed: 'red', cancelled: 'yellow' } as const;
  return out.style(colours[run.status], run.status) + behind(out, run);
}

function behind(out: Output, run: Distillation): string {
  return run.stale ? out.style('dim', ' (last known)') : '';
}

function stageLine(out: Output, stage: StageState, run: Distillation, nowMs: number, frame: number): string {
  const waits = run.status === 'paused' || waitsForApproval(run);
  const marks: Record<StageState['status'], string> = {
    pending: out.style('dim', '·'),
    running: out.style(waits ? 'yellow' : 'cyan', waits ? '‖' : SPINNER[frame % SPINNER.length]!),
    done: out.style('green', '✔'),
    skipped: out.style('dim', '–'),
    failed: out.style('red', '✗'),
  };
  const name = stage.status === 'pending' || stage.status === 'skipped' ? out.style('dim', stage.stage.padEnd(9)) : stage.stage.padEnd(9);
  const spent = stage.startedAt ? duration((stage.endedAt ? Date.parse(stage.endedAt) : nowMs) - Date.parse(stage.startedAt)) : '';
  const parts = [`  ${marks[stage.status]} ${name}`, out.style('dim', spent.padStart(12)), progressOf(out, stage), summaryOf(out, stage)];
  return parts.join('  ').trimEnd();
}

function progressOf(out: Output, stage: StageState): string {
  if (stage.done === null || stage.total === null || stage.total === 0) return '';
  const numbers = `${count(stage.done)}/${count(stage.total)}`;
  if (stage.status !== 'running') return out.style('dim', numbers);
  const full = Math.round(Math.min(1, stage.done / stage.total) * BAR_WIDTH);
  return `${out.style('cyan', '█'.repeat(full))}${out.style('dim', '░'.repeat(BAR_WIDTH - full))} ${numbers}`;
}

function summaryOf(out: Output, stage: StageState): string {
  const facts = Object.entries(stage.summary).filter(([, value]) => value !== null && value !== '');
  const texts = facts.slice(0, 4).map(([key, value]) => `${words(key)} ${typeof value === 'number' ? shortNumber(value) : String(value)}`);
  return out.style('dim', texts.join(', '));
}

/** `validationAccuracy` → `validation accuracy`. */
function words(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function shortNumber(value: number): string {
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(4)));
}
