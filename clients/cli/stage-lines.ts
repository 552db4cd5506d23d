import type { Distillation, StageState } from '../sdk/index.ts';
import { count, duration, usd } from './format.ts';
import type { Output } from './output.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;

/** A run as lines: a head and one line a stage. `frame` turns the spinner. */
export function stageLines(out: Output, run: Distillation, nowMs: number, frame: number): string[] {
  const end = run.endedAt ? Date.parse(run.endedAt) : nowMs;
  const head = [
    out.style('bold', run.name),
    statusOf(out, run),
    `${run.teacher ?? 'teacher to be found'} → ${run.student ?? run.input.student}`,
    `${usd(run.spentUsd)} of ${usd(run.input.maxUsd)}`,
    duration(Math.max(0, end - Date.parse(run.startedAt))),
  ];
  return [head.join(out.style('dim', '  ·  ')), '', ...run.stages.map((stage) => stageLine(out, stage, run, nowMs, frame))];
}

/** The run's status in colour, and whether it is behind. */
export function statusOf(out: Output, run: Distillation): string {
  const colours = { running: 'cyan', paused: 'yellow', completed: 'green', failed: 'red', cancelled: 'yellow' } as const;
  return out.style(colours[run.status], run.status) + (run.stale ? out.style('dim', ' (last known)') : '');
}

function stageLine(out: Output, stage: StageState, run: Distillation, nowMs: number, frame: number): string {
  const waits = run.status === 'paused';
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
