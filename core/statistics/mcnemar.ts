/**
 * Exact two-sided McNemar test: how probable discordant pairs at least as uneven as these are when teacher and student
 * are equally good (binomial with one half, the smaller tail doubled). 1 where nothing differs.
 */
export function mcnemarExact(teacherOnly: number, studentOnly: number): number {
  const n = teacherOnly + studentOnly;
  if (n === 0) return 1;
  // Terms in logarithms: 2^-n underflows beyond 1,074 discordant pairs.
  let logTerm = -n * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(teacherOnly, studentOnly); k++) {
    logTerm += Math.log((n - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}
