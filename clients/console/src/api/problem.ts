import { StillhouseApiError } from './sdk.ts';

/** What went wrong, for people. */
export interface ProblemView {
  title: string;
  detail: string;
  status: number | null;
  /** What each field is refused for, by its path (`targets[0].weight`). */
  fields: Record<string, string>;
}

/** The HTTP status of the gateway's refusal; null where none came (no connection). */
export function statusOf(error: unknown): number | null {
  return error instanceof StillhouseApiError ? error.status : null;
}

/** Problem details as the console shows them; a lost connection gets a sentence of its own. */
export function problemOf(error: unknown): ProblemView {
  if (error instanceof StillhouseApiError) {
    const { title, detail, status } = error.problem;
    return { title, detail, status, fields: fieldsOf(error) };
  }
  if (error instanceof TypeError) {
    return {
      title: 'The gateway does not answer',
      detail: 'Is the stack running? It goes on by itself once the gateway is back.',
      status: null,
      fields: {},
    };
  }
  return { title: 'Something went wrong', detail: error instanceof Error ? error.message : String(error), status: null, fields: {} };
}

function fieldsOf(error: StillhouseApiError): Record<string, string> {
  const { data, param, detail } = error.problem;
  const listed = Array.isArray(data?.['errors']) ? (data['errors'] as { param?: unknown; detail?: unknown }[]) : [];
  const fields: Record<string, string> = {};
  for (const entry of listed) {
    if (typeof entry.param !== 'string' || typeof entry.detail !== 'string') continue;
    fields[entry.param] ??= entry.detail.startsWith(`${entry.param}: `) ? entry.detail.slice(entry.param.length + 2) : entry.detail;
  }
  if (param && !(param in fields)) fields[param] = detail;
  return fields;
}
