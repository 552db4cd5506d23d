import { type Matrix, rowOf } from './matrix.ts';

/** log T stays within [log 0.05, log 20]: beyond, a temperature says that the validation rows were too few or too easy. */
const LOWEST = Math.log(0.05);
const HIGHEST = Math.log(20);

/** Mean −log probability of the targets' distributions; a probability below `floor` counts as that. */
export function crossEntropyOf(probabilities: Matrix, targets: Matrix, floor = 1e-6): number {
  let loss = 0;
  for (let i = 0; i < probabilities.rows; i++) {
    const row = rowOf(probabilities, i);
    const target = rowOf(targets, i);
    for (let k = 0; k < row.length; k++) if (target[k]! > 0) loss -= target[k]! * Math.log(Math.max(row[k]!, floor));
  }
  return loss / Math.max(1, probabilities.rows);
}

/**
 * The temperature at which `probabilitiesAt` loses least against the targets (Guo et al., "On calibration of modern
 * neural networks", ICML 2017, section 4.2): golden-section search over log T. 1 where there is nothing to fit to.
 */
export function fitTemperature(probabilitiesAt: (temperature: number) => Matrix, targets: Matrix): number {
  if (targets.rows === 0) return 1;
  const loss = (logTemperature: number) => crossEntropyOf(probabilitiesAt(Math.exp(logTemperature)), targets);
  const golden = (Math.sqrt(5) - 1) / 2;
  let low = LOWEST;
  let high = HIGHEST;
  let left = high - golden * (high - low);
  let right = low + golden * (high - low);
  let atLeft = loss(left);
  let atRight = loss(right);
  while (high - low > 0.01) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = loss(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = loss(right);
    }
  }
  return Math.exp((low + high) / 2);
}
