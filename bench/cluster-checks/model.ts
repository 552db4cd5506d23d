import type OpenAI from 'openai';
import { CHECK_FORMAT, checkMessages } from '../../core/clusters/border-checks.ts';
import type { CheckAnswer, CheckQuestion } from '../../core/clusters/check-borders.ts';
import { answerOf, atOnce } from '../cluster-names/ask-at-once.ts';

/** Asks a model of an OpenAI-compatible endpoint what `clusterTraces` asks. */
export function askModel(client: OpenAI, model: string) {
  return async (questions: CheckQuestion[]): Promise<Map<number, CheckAnswer>> =>
    new Map(
      await atOnce(questions, async ({ place, subject }) => {
        const answer = await answerOf(client, model, checkMessages(subject), CHECK_FORMAT);
        return [place, { answer, traceId: '', costUsd: null }] as const;
      }),
    );
}
