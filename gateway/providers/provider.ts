import type { Readable } from 'node:stream';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { ChatRequest } from '../chat/chat-request.ts';
import type { CancelSignal } from './cancel-signal.ts';

export interface ProviderCall {
  /** The provider's own name of the model: the target behind its first slash. */
  model: string;
  request: ChatRequest;
  snapshot: RegistrySnapshot;
  signal: CancelSignal;
  /** What the provider can't do is left out instead of refused. */
  lenient?: boolean;
  /** It was asked by an alias, which may have other targets. */
  byAlias?: boolean;
  /** Text of an answer that another target began, to be gone on from; only where `continuesPrefix`. */
  prefix?: string;
}

/** Tokens of an answer as its provider counted them. */
export interface Usage {
  tokensIn: number;
  tokensOut: number;
  /** Of `tokensIn`: read from, and written to, the provider's prompt cache. */
  tokensCached: number;
  tokensCacheWrite: number;
  /** Of `tokensOut`. */
  tokensReasoning: number;
  /** Of those above, where the provider says so; some have prices of their own. Of `tokensCacheWrite`: kept for an hour. */
  tokensCacheWriteHour?: number;
  /** Of `tokensIn`, and of that and `tokensCached`. */
  tokensAudioIn?: number;
  tokensAudioCached?: number;
  /** Of `tokensOut`. */
  tokensAudioOut?: number;
  tokensImageOut?: number;
}

/** Tokens of a call of which its provider counted none. */
export const NO_USAGE: Usage = { tokensIn: 0, tokensOut: 0, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 };

/** Parts of an answer's price in US dollars. Their sum is the price; null where a part can't be told from the others. */
export interface CostSplit {
  /** Of the prompt's tokens that the cache had nothing to do with. */
  inputUsd: number | null;
  outputUsd: number | null;
  cachedUsd: number | null;
  cacheWriteUsd: number | null;
}

/** What an answer says of its own price, before its provider is asked: US dollars, or how to reckon them. */
interface AnswerPrice {
  costUsd?: number;
  priceOf?: (usage: Usage) => number | null;
  splitOf?: (usage: Usage) => CostSplit | null;
}

/** A target's answer: whole, or a stream of server-sent events. Errors of a provider are whole answers with its status. */
export type ProviderAnswer =
  | ({ form: 'whole'; status: number; headers: Record<string, string>; text: string } & AnswerPrice)
  | ({ form: 'stream'; status: number; headers: Record<string, string>; body: Readable } & AnswerPrice);

/** What an answer of images, sound or text used, as its provider says. */
export interface MediaUsage extends Usage {
  /** Of `tokensIn`; null where the provider doesn't tell them apart. */
  imageTokensIn: number | null;
  audioTokensIn: number | null;
  /** Of sound, where that is what is paid for; null where tokens are. */
  seconds: number | null;
  /** Of text that is spoken, where that is what is paid for: then there are no tokens and no seconds. */
  characters?: number;
}

/** A request that goes on as it is. */
export interface PassedRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Behind the base URL: `/files`. */
  path: string;
  /** The provider's own name of the model; empty where the request has none. */
  model: string;
  /** Empty where there is no body. */
  contentType: string;
  /** Bytes are asked for as fast as the provider takes them. */
  body: string | AsyncIterable<Uint8Array> | null;
  signal: CancelSignal;
}

/** A provider's answer, whatever its status; the body is read as fast as somebody wants it. */
export interface PassedAnswer {
  status: number;
  headers: Record<string, string>;
  body: Readable;
}

/** What an adapter is to the gateway: one file a kind, made from its part of the configuration. */
export interface Provider {
  /** First part of its targets. */
  readonly id: string;
  /** Whether it goes on from the beginning of an answer (`ProviderCall.prefix`). */
  readonly continuesPrefix?: boolean;
  /** How long it may take; absent where what answers is our own. */
  readonly timeouts?: ProviderConfig['timeouts'];
  /** Throws `upstream_*`, `provider_key_missing`, `cancelled`, or what is wrong with the request. */
  call(call: ProviderCall): Promise<ProviderAnswer>;
  /** Vectors of texts, in OpenAI's shape; absent where it offers none. */
  embed?(call: ProviderCall): Promise<ProviderAnswer>;
  /** Passes on what is OpenAI's and not chat (files, batches, images, audio, moderations), as it came; absent where it has another API. */
  passOn?(request: PassedRequest): Promise<PassedAnswer>;
  /** Price of an answer to such a request; null = unpriced. Absent with `passOn`. */
  mediaCost?(model: string, usage: MediaUsage, tier?: string): number | null;
  /** Price of an answer in US dollars by the service tier that gave it (`BATCH_TIER` too; empty: the default one); null = unpriced. */
  cost(model: string, usage: Usage, tier?: string): number | null;
  /** Tokens of an answer at most where the caller sets no bound; absent, or null, where that is not known. */
  longestAnswer?(model: string, body: Readonly<Record<string, unknown>>): number | null;
  /** The same in parts; absent where the price has none. */
  costSplit?(model: string, usage: Usage, tier?: string): CostSplit | null;
  /** What it can be asked for by name. */
  targets(snapshot: RegistrySnapshot): TargetInfo[];
  close(): Promise<void>;
}
