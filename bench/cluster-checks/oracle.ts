import type { CheckSubject } from '../../core/clusters/border-checks.ts';
import type { CheckAnswer, CheckQuestion } from '../../core/clusters/check-borders.ts';
import { seededRandom } from '../../core/random.ts';

/**
 * A simulated model: it knows the label of every text, calls two groups one where most of either has the same label, and says
 * the opposite in a share `error` of its answers; `once`: where it is wrong it is so again with the sides the other way round. What it says of a real model is only how much its errors cost.
 */
export function oracle(labelOf: ReadonlyMap<string, string>, { error, once, seed }: { error: number; once: boolean; seed: number }) {
  const random = seededRandom(seed);
  const drawn = new Map<string, number>();
  const draw = ({ a, b }: CheckSubject) => {
    if (!once) return random();
    const pair = [JSON.stringify(a), JSON.stringify(b)].sort((x, y) => (x < y ? -1 : 1)).join();
    const known = drawn.get(pair) ?? random();
    drawn.set(pair, known);
    return known;
  };
  return (questions: CheckQuestion[]): Promise<Map<number, CheckAnswer>> =>
    Promise.resolve(
      new Map(
        questions.map(({ place, subject }) => {
          const same = commonest(subject.a, labelOf) === commonest(subject.b, labelOf);
          const intents = same === draw(subject) >= error ? 'one' : 'two';
          return [place, { answer: JSON.stringify({ reason: 'simulated', intents }), traceId: '', costUsd: 0 }];
        }),
      ),
    );
}

function commonest(texts: readonly string[], labelOf: ReadonlyMap<string, string>): string {
  const counts = Map.groupBy(texts, (text) => labelOf.get(text) ?? '');
  return [...counts].sort(([, a], [, b]) => b.length - a.length)[0]![0];
}
