import { parseWritable } from '../../core/json-nesting.ts';
import { type CallKind, refuseEmbeddings } from '../chat/call-kind.ts';
import { type CompletionFacts, usageOf } from '../chat/completion-facts.ts';

interface LooseEmbeddings {
  model?: unknown;
  usage?: unknown;
  data?: unknown;
}

/** Vectors: of all that is said of a call, they say nothing, and a trace of them would be mostly numbers. */
export const EMBEDDINGS: CallKind = {
  name: 'embeddings',
  perform: (provider, call) => (provider.embed ? provider.embed(call) : refuseEmbeddings(provider.id)),
  factsOf: embeddingFacts,
  recorded(text) {
    const { data, ...rest } = JSON.parse(text) as { data: unknown[] };
    return JSON.stringify({ ...rest, vectors: data.length });
  },
};

function embeddingFacts(text: string): CompletionFacts | null {
  let parsed: LooseEmbeddings | null;
  try {
    parsed = parseWritable(text) as LooseEmbeddings | null;
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !Array.isArray(parsed.data)) return null;
  const usage = parsed.usage as Record<string, unknown> | null | undefined;
  // Embeddings have no answer to count, and most say only a total.
  const counted = usageOf(usage && { ...usage, completion_tokens: 0 });
  const model = typeof parsed.model === 'string' ? parsed.model : '';
  return { model, answerText: '', finishReason: '', toolsCalled: [], usage: counted, serviceTier: '', saidCharacters: 0 };
}
