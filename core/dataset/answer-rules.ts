import type { Task } from '../../contracts/datasets.ts';

/** An answer as it was recorded. */
export interface RecordedAnswer {
  text: string;
  /** OpenAI's `finish_reason`; empty for files. */
  finishReason: string;
}

/** Why an answer can't be a reference or a candidate of this task; null where it can. `labels` null: any label. */
export function answerFault(task: Task, labels: ReadonlySet<string> | null, answer: RecordedAnswer): string | null {
  const text = answer.text.trim();
  if (text === '') return answer.finishReason === 'tool_calls' ? 'only tool calls' : 'empty answer';
  if (answer.finishReason === 'content_filter') return 'refused';
  switch (task.kind) {
    case 'label':
      if (labels?.has(text)) return null;
      if (answer.finishReason === 'length') return 'answer cut off';
      return labels === null ? null : 'outside the label set';
    case 'json':
      if (answer.finishReason === 'length') return 'answer cut off';
      return isJson(text) ? null : 'not JSON';
    case 'text':
      if (answer.finishReason === 'length') return 'answer cut off';
      return isRefusal(text) ? 'refused' : null;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The usual openings of a refusal in English; short answers only, for a long one that opens so still holds an answer. */
const REFUSAL =
  /^(i'm sorry|i am sorry|sorry|i apologi[sz]e)?[,.]?\s*(but\s+)?i\s*(can't|cannot|can not|am unable to|'m unable to|won't)\s+(help|assist|comply|do that|provide|answer)/i;

function isRefusal(text: string): boolean {
  return text.length < 300 && REFUSAL.test(text.replaceAll('’', "'"));
}
