import { pipeline, Transform } from 'node:stream';
import type { ProviderAnswer } from '../provider.ts';

/** Price of an answer in US dollars, from the text of its usage (as sent, or what came of it) and how long the answer took. */
export type PriceOf = (usage: string, elapsedMs: number) => number;

const MS_PER_HOUR = 3_600_000;
/** The frame of usage and the one behind it fit. */
const TAIL_CHARACTERS = 4096;

/** The student server counts the time of a core, or of the GPU, in its usage; without it the whole time counts. */
export function computePrice(usdPerHour: { core: number; gpu: number }): PriceOf {
  return (usage, elapsedMs) => {
    const ms = /"compute_ms":([\d.]+)/.exec(usage)?.[1];
    const gpu = usage.includes('"compute_device":"gpu"');
    return ((ms === undefined ? elapsedMs : Number(ms)) / MS_PER_HOUR) * (gpu ? usdPerHour.gpu : usdPerHour.core);
  };
}

/** Servers that count no time of their own: the whole time of the answer, as if it had the GPU for itself. */
export function elapsedPrice(usdPerGpuHour: number): PriceOf {
  return (_, elapsedMs) => (elapsedMs / MS_PER_HOUR) * usdPerGpuHour;
}

/** Puts the price into an answer. A stream's is known when it has ended: until then it is that of what has come. */
export function withPrice(answer: ProviderAnswer, priceOf: PriceOf, beganMs: number): ProviderAnswer {
  const elapsed = () => performance.now() - beganMs;
  if (answer.status >= 400) return answer;
  if (answer.form === 'whole') return { ...answer, costUsd: priceOf(answer.text, elapsed()) };
  let tail = '';
  const tap = new Transform({
    transform(chunk: Buffer, _, next) {
      tail = (tail + chunk.toString('latin1')).slice(-TAIL_CHARACTERS);
      next(null, chunk);
    },
  });
  // Who reads the tap hears of errors; this only keeps both ends together.
  pipeline(answer.body, tap, () => undefined);
  return {
    ...answer,
    body: tap,
    get costUsd() {
      return priceOf(tail, elapsed());
    },
  };
}
