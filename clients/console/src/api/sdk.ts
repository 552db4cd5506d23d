import type { AliasInput, AliasRollback, AliasVersion } from '../../../../contracts/aliases.ts';
import type { Dataset, DatasetRow, Split } from '../../../../contracts/datasets.ts';
import type { Distillation, DistillationEvent, DistilRequest, Student } from '../../../../contracts/distil.ts';
import type { Overview, Page, Problem, TargetInfo } from '../../../../contracts/http.ts';
import type { Trace, TraceFilter, TraceSummary } from '../../../../contracts/traces.ts';

export type RowView = Pick<DatasetRow, 'rowId' | 'group' | 'split' | 'position' | 'messages' | 'reference' | 'referenceTarget' | 'traceId'>;

export class StillhouseApiError extends Error {
  problem: Problem;
  status: number;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
    this.status = problem.status;
  }
}

export class Stillhouse {
  options: { url: string; apiKey: string };
  constructor(options: { url: string; apiKey: string }) {
    this.options = options;
  }
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.options.url + '/api' + path, {
      method,
      headers: { authorization: `Bearer ${this.options.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as unknown;
    if (!response.ok) throw new StillhouseApiError(json as Problem);
    return json as T;
  }
  overview = () => this.call<Overview>('GET', '/overview');
  targets = () => this.call<Page<TargetInfo>>('GET', '/targets');
  traces = {
    list: (filter: Partial<TraceFilter>) => {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(filter)) {
        if (key === 'metadata') for (const [k, v] of Object.entries(value as Record<string, string>)) query.set(`metadata[${k}]`, v);
        else if (value !== undefined) query.set(key, String(value));
      }
      return this.call<Page<TraceSummary>>('GET', `/traces?${query}`);
    },
    get: (id: string) => this.call<Trace>('GET', `/traces/${id}`),
  };
  datasets = {
    list: () => this.call<Page<Dataset>>('GET', '/datasets'),
    get: (name: string) => this.call<Dataset>('GET', `/datasets/${name}`),
    rows: (name: string, q: { split: Split; limit?: number }) =>
      this.call<Page<RowView>>('GET', `/datasets/${name}/rows?split=${q.split}&limit=${q.limit ?? 20}`),
  };
  distillations = {
    list: () => this.call<Page<Distillation>>('GET', '/distillations'),
    get: (name: string) => this.call<Distillation>('GET', `/distillations/${name}`),
    create: (request: DistilRequest) => this.call<Distillation>('POST', '/distillations', request),
    act: (name: string, action: string) => this.call<unknown>('POST', `/distillations/${name}/${action}`),
    events: (name: string, o: { signal: AbortSignal }): AsyncIterable<DistillationEvent> => this.events(name, o.signal),
  };
  aliases = {
    list: () => this.call<Page<AliasVersion>>('GET', '/aliases'),
    get: (name: string) => this.call<AliasVersion>('GET', `/aliases/${name}`),
    put: (name: string, input: AliasInput) => this.call<AliasVersion>('PUT', `/aliases/${name}`, input),
    versions: (name: string) => this.call<Page<AliasVersion>>('GET', `/aliases/${name}/versions`),
    rollback: (name: string, input: AliasRollback) => this.call<AliasVersion>('POST', `/aliases/${name}/rollback`, input),
  };
  students = {
    list: () => this.call<Page<Student>>('GET', '/students'),
    get: (name: string) => this.call<Student>('GET', `/students/${name}`),
  };
  async *events(name: string, signal: AbortSignal): AsyncIterable<DistillationEvent> {
    const response = await fetch(`${this.options.url}/api/distillations/${name}/events`, {
      headers: { authorization: `Bearer ${this.options.apiKey}` },
      signal,
    });
    let buffer = '';
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += value;
      const frames = buffer.split('\n\n');
      buffer = frames.pop()!;
      for (const frame of frames) {
        const data = frame.split('\n').find((l) => l.startsWith('data:'));
        if (data) yield JSON.parse(data.slice(5)) as DistillationEvent;
      }
    }
  }
}
