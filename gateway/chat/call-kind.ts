import { StillhouseError } from '../../contracts/errors.ts';
import type { TraceKind } from '../../contracts/traces.ts';
import type { Provider, ProviderAnswer, ProviderCall } from '../providers/provider.ts';
import { completionFacts, type CompletionFacts } from './completion-facts.ts';

/** A kind of call as traces name it. */
export interface NamedKind {
  readonly name: TraceKind;
}

/** What a call asks a provider for. */
export interface CallKind extends NamedKind {
  readonly name: 'chat' | 'embeddings';
  perform(provider: Provider, call: ProviderCall): Promise<ProviderAnswer>;
  /** What the trace wants to know of a whole answer; null where it is none. */
  factsOf(text: string): CompletionFacts | null;
  /** The answer's text as the trace keeps it. */
  recorded(text: string): string;
}

export const CHAT: CallKind = {
  name: 'chat',
  perform: (provider, call) => provider.call(call),
  factsOf: completionFacts,
  recorded: (text) => text,
};

export function refuseEmbeddings(provider: string): never {
  throw new StillhouseError('invalid_request', `Provider "${provider}" offers no embeddings`, { param: 'model' });
}
