/** The value of a function at a point and its gradient there. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

export interface MinimiseOptions {
  maxIterations?: number;
  /** Stops once no element of the gradient is larger than this. */
  gradientTolerance?: number;
  /** Pairs of steps and gradient changes that stand in for the second derivative. */
  memory?: number;
  /** Called between iterations; throws to end. */
  onIteration?: () => void;
}

export interface Minimum {
  point: Float64Array;
  value: number;
  iterations: number;
}

/**
 * L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5) with a backtracking line
 * search (Armijo). For smooth convex functions, which is what a regularised logistic regression is.
 */
export async function minimise(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  options: MinimiseOptions = {},
): Promise<Minimum> {
  const { maxIterations = 200, gradientTolerance = 1e-5, memory = 10 } = options;
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  let point = start;
  let here = await evaluate(point);
  let iterations = 0;
  for (; iterations < maxIterations && largestMagnitude(here.gradient) > gradientTolerance; iterations++) {
    options.onIteration?.();
    let direction = descentDirection(here.gradient, steps, changes);
    let slope = product(direction, here.gradient);
    if (slope >= 0) {
      // Rounding has spoilt the memory: begin again with the steepest descent.
      steps.length = changes.length = 0;
      direction = here.gradient.map((g) => -g);
      slope = product(direction, here.gradient);
    }
    const first = iterations === 0 ? 1 / Math.max(1, Math.sqrt(-slope)) : 1;
    const next = await lineSearch(evaluate, point, here, direction, slope, first);
    if (!next) break;
    const step = next.point.map((x, i) => x - point[i]!);
    const change = next.there.gradient.map((g, i) => g - here.gradient[i]!);
    if (product(step, change) > 1e-12 * product(change, change)) {
      steps.push(step);
      changes.push(change);
      if (steps.length > memory) {
        steps.shift();
        changes.shift();
      }
    }
    const gain = here.value - next.there.value;
    ({ point, there: here } = next);
    // Single precision of the products ends what can be gained.
    if (gain <= 1e-6 * Math.max(1, Math.abs(here.value))) break;
  }
  return { point, value: here.value, iterations };
}

async function lineSearch(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  point: Float64Array,
  here: Evaluation,
  direction: Float64Array,
  slope: number,
  first: number,
): Promise<{ point: Float64Array; there: Evaluation } | null> {
  let length = first;
  for (let attempt = 0; attempt < 20; attempt++, length /= 2) {
    const next = point.map((x, i) => x + length * direction[i]!);
    const there = await evaluate(next);
    if (there.value <= here.value + 1e-4 * length * slope) return { point: next, there };
  }
  return null;
}

function descentDirection(gradient: Float64Array, steps: Float64Array[], changes: Float64Array[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (let k = steps.length - 1; k >= 0; k--) {
    const alpha = product(steps[k]!, direction) / product(steps[k]!, changes[k]!);
    alphas[k] = alpha;
    addScaled(direction, changes[k]!, -alpha);
  }
  const newest = steps.length - 1;
  if (newest >= 0) {
    const scale = product(steps[newest]!, changes[newest]!) / product(changes[newest]!, changes[newest]!);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (let k = 0; k < steps.length; k++) {
    const beta = product(changes[k]!, direction) / product(steps[k]!, changes[k]!);
    addScaled(direction, steps[k]!, alphas[k]! - beta);
  }
  return direction;
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[i]!;
}

function largestMagnitude(values: Float64Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
