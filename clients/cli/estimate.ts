import type { Command } from 'commander';
import type { Estimate } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { type DistilOptions, addDistilOptions, distilRequest } from './distil-options.ts';
import { bytes, count, duration, usd } from './format.ts';
import type { Output } from './output.ts';

const MS_PER_HOUR = 3_600_000;

/** `estimate`: what a distillation would take, before anything is paid. Exits with 1 where the student can't fit. */
export function addEstimateCommand(program: Command, context: CliContext): void {
  const command = program.command('estimate').description('what a distillation would take: dollars, hours, memory, disk, test rows');
  addDistilOptions(command.argument('<dataset>')).action(async (dataset: string, options: DistilOptions) => {
    const out = context.out();
    const estimate = await context.connection().client.estimate(distilRequest(dataset, options));
    out.print(estimate, () => showEstimate(out, estimate));
    if (!estimate.fits) context.setExitCode(1);
  });
}

function showEstimate(out: Output, estimate: Estimate): void {
  const { student, device, vramBytes, teacherUsd, hours } = estimate;
  const unknown = out.style('dim', 'not known here');
  const size = (value: number | null) => (value === null ? unknown : bytes(value));
  const parameters = student.parameters === null ? '' : `, ${count(Math.round(student.parameters / 1e6))} million parameters`;
  out.facts([
    ['student', `${out.style('bold', student.name)}${student.base ? ` on ${student.base}${parameters}` : ''}`],
    ['licence', student.licence ?? ''],
    ['enough for', student.taskFloor.join(', ')],
    ['teacher', `${estimate.teacher}: ${count(estimate.calls)} calls, about ${usd(teacherUsd.expected)}, at most ${usd(teacherUsd.most)}`],
    ['training', hours === null ? unknown : `about ${duration(hours * MS_PER_HOUR)} on ${device.name}, ${usd(estimate.deviceUsd)}`],
    ['device', `${count(device.count)} × ${device.name}, ${bytes(device.freeBytes)} free (${estimate.deviceSource})`],
    [
      'memory',
      student.base
        ? `${size(vramBytes.train16)} to train in 16 bit, ${size(vramBytes.train4)} in 4 bit; ${size(vramBytes.serve)} to serve`
        : '',
    ],
    ['disk', estimate.diskBytes === null ? unknown : bytes(estimate.diskBytes)],
    ['test rows', `${count(estimate.testRows)}; about ${count(estimate.rowsNeeded)} decide`],
  ]);
  for (const warning of estimate.warnings) out.line(out.style('yellow', `! ${warning}`));
  if (!estimate.fits) out.line(out.style('red', `✗ ${estimate.reason}`));
}
