import type { Answer } from './answer.ts';
import type { AnswerForm } from './answer-form.ts';
import { answerHeaders } from './answer-headers.ts';
import { answerEstimate, answerPrice, answerSplit } from './answer-price.ts';
import type { Answered } from './answered.ts';
import { classOfStatus, type Call, type Outcome } from './call.ts';
import { type CompletionFacts, estimatePrompt, tokensOfLength } from './completion-facts.ts';
import { NO_USAGE, type Usage } from '../providers/provider.ts';
import { recordCall, type Recording } from './record-call.ts';

/** Records a whole answer and passes it on, a provider's error too; as it came where the caller speaks OpenAI's chat. */
export async function wholeAnswer(
  call: Call,
  answered: Extract<Answered, { form: 'whole' }>,
  form: AnswerForm,
  recording: Recording,
): Promise<Answer> {
  const { answer, attempt, facts } = answered;
  let outcome: Outcome;
  if (facts) {
    const usage = facts.usage ?? NO_USAGE;
    const costUsd = answerPrice(answered, facts.usage, facts);
    attempt.tokens_in = usage.tokensIn;
    attempt.tokens_out = usage.tokensOut;
    attempt.cost_usd = costUsd;
    outcome = {
      status: 'ok',
      httpStatus: answer.status,
      modelAnswered: facts.model,
      response: call.kind.recorded(answer.text),
      answerText: facts.answerText,
      finishReason: facts.finishReason,
      usage,
      costUsd,
      ...(costUsd === null ? { estimatedUsd: answerEstimate(answered, facts.usage ?? estimated(call, facts), facts) } : {}),
      costSplit: answerSplit(answered, facts.usage, facts),
      toolsCalled: facts.toolsCalled,
    };
  } else {
    const errorClass = classOfStatus(answer.status);
    // Providers charge nothing for an error.
    outcome = {
      status: 'error',
      httpStatus: answer.status,
      errorClass,
      errorMessage: messageOf(answer.text),
      response: answer.text,
      costUsd: 0,
    };
    attempt.cost_usd = 0;
  }
  await recordCall(call, outcome, recording);
  const headers: Record<string, string> = { ...answer.headers, ...answerHeaders(call, call.outcome!.costUsd) };
  if (form.translates) headers['content-type'] = 'application/json';
  const body = facts ? form.whole(call, answer.text) : form.fault(call, answer.status, answer.text);
  return { status: answer.status, headers, body };
}

/** What was asked and answered, where nobody counted it. */
function estimated({ request }: Call, { saidCharacters }: CompletionFacts): Usage {
  return { ...NO_USAGE, tokensIn: estimatePrompt(request), tokensOut: tokensOfLength(saidCharacters) };
}

/** What a provider's error answer says. */
export function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: { message?: unknown } | string };
    const message = typeof body.error === 'string' ? body.error : body.error?.message;
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: the text itself is the message.
  }
  return text.slice(0, 500);
}
