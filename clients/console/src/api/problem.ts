import { StillhouseApiError } from '../../../sdk/index.ts';

/** What went wrong, for people. */
export interface ProblemView {
  title: string;
  detail: string;
  /** What each field is refused for, by its path (`targets[0].weight`). */
  fields: Record<string, string>;
}

/** The HTTP status of the gateway's refusal; 0 where the gateway did not answer, null for an error of the console's own. */
export function statusOf(error: unknown): number | null {
  return error instanceof StillhouseApiError ? error.status : null;
}

/** An error as the console shows it; a lost connection gets a sentence of its own. */
export function problemOf(error: unknown): ProblemView {
  if (!(error instanceof StillhouseApiError)) {
    return { title: 'Something went wrong', detail: error instanceof Error ? error.message : String(error), fields: {} };
  }
  if (error.status === 0) {
    const detail = 'Is the stack running? This page goes on by itself once the gateway is back.';
    return { title: 'The gateway does not answer', detail, fields: {} };
  }
  return { title: titleOf(error.code), detail: error.message, fields: fieldsOf(error) };
}

function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function fieldsOf(error: StillhouseApiError): Record<string, string> {
  const { data, param, message: detail } = error;
  const listed = Array.isArray(data['errors']) ? (data['errors'] as { param?: unknown; detail?: unknown }[]) : [];
  const fields: Record<string, string> = {};
  for (const entry of listed) {
    if (typeof entry.param !== 'string' || typeof entry.detail !== 'string') continue;
    fields[entry.param] ??= withoutPath(entry.detail, entry.param);
  }
  if (param && !(param in fields)) fields[param] = withoutPath(detail, param);
  return fields;
}

/** A sentence that stands at its field need not name it. */
function withoutPath(detail: string, param: string): string {
  return detail.startsWith(`${param}: `) ? detail.slice(param.length + 2) : detail;
}
