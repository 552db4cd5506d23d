import { expect, test } from 'vitest';
import { demoOptions } from './demo-options.ts';
import { cheapestGoodStudent, type DemoReport, renderReport, type StudentReport } from './demo-report.ts';

function student(name: string, change: Partial<StudentReport>): StudentReport {
  const differencePoints = { points: 0.4, low: -1.2, high: 2.1 };
  const measured = { accuracy: 0.96, low: 0.94, high: 0.98, differencePoints, usdPer1k: 0.0002, p50Ms: 3, decision: 'not_worse', n: 400 };
  return { name, kind: 'encoder', ...measured, ...change };
}

test('the alias moves to the cheapest that is not worse; of equally cheap ones to the better; else not at all', () => {
  const cheap = student('cheap', { usdPer1k: 0.0001 });
  const dear = student('dear', { usdPer1k: 0.01, accuracy: 0.99 });
  expect(cheapestGoodStudent([dear, cheap])?.name).toBe('cheap');
  expect(cheapestGoodStudent([dear, { ...cheap, decision: 'worse' }])?.name).toBe('dear');
  expect(cheapestGoodStudent([cheap, student('better', { usdPer1k: 0.0001, accuracy: 0.97 })])?.name).toBe('better');
  expect(cheapestGoodStudent([student('unpriced', { usdPer1k: null }), dear])?.name).toBe('dear');
  expect(
    cheapestGoodStudent([
      { ...cheap, decision: 'undecided' },
      { ...dear, decision: 'worse' },
    ]),
  ).toBeNull();
});

test('the report shows every student beside the teacher, and whether the alias moved', () => {
  const report: DemoReport = {
    teacher: { accuracy: 0.94, usdPer1k: 0.82, p50Ms: 600, simulated: true },
    students: [student('student/a', {}), student('student/b', { decision: 'undecided', accuracy: 0.93, p50Ms: 12 })],
    alias: { name: 'support', before: 'simulated/gpt', after: 'student/a' },
    traces: { received: 10, storedOfReceived: 10, duplicates: 0, storedNotReceived: 0 },
    durationS: 75,
    interruptions: 0,
  };
  const live = { accuracy: 0.97, n: 400, p50Ms: 6 };
  const lines = renderReport(report, live).split('\n');
  expect(lines.find((line) => line.startsWith('student/a '))).toMatch(/96\.0 % .* \$0\.00020 .* 3\.0 ms/);
  expect(lines.find((line) => line.startsWith('student/b '))).toMatch(/93\.0 % .* 12 ms/);
  expect(lines).toContain('student/b − teacher on 400 unseen rows: +0.4 points, paired 95 % interval −1.2 to +2.1: undecided.');
  expect(lines).toContain('support: simulated/gpt → student/a');
  const stays = renderReport({ ...report, alias: { ...report.alias, after: 'simulated/gpt' } }, live);
  expect(stays).toContain('support stays with simulated/gpt: no student proved itself.');
});

test('--student: which are trained, both by default', () => {
  expect(demoOptions([], true).students).toEqual(['encoder', 'lora']);
  expect(demoOptions(['--student', 'lora'], true).students).toEqual(['lora']);
  expect(() => demoOptions(['--student', 'qwen'], true)).toThrow('--student qwen: say encoder, lora, both');
});
