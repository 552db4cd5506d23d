import type { StillhouseError } from '../../contracts/errors.ts';
import type { ChatChunk, ChatCompletion } from '../providers/dialect.ts';
import type { FieldNames } from './field-names.ts';

/**
 * An API by which apps call. A request becomes OpenAI's chat form (`providers/dialect.ts` says where it goes beyond OpenAI's
 * own), which is all that aliases, providers and traces know; the answer comes back from it. Pure translation, no I/O.
 */
export interface WayIn {
  /** What traces call it. */
  readonly name: 'completions' | 'messages' | 'responses';
  /**
   * The chat request of a parsed body. `model`, `stream` and `metadata` keep their meaning; a stream asks for usage
   * (`stream_options.include_usage`) where the API reports it. Throws `invalid_request` with the path of the field in *this*
   * API, for what is malformed and for what the chat form cannot carry.
   */
  toChat(body: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Fields of a body that it takes. Others, which newer clients may send unasked, are left out for a lenient caller and refused otherwise. */
  readonly fields: ReadonlySet<string>;
  /** Fields of the chat form that it calls otherwise: providers refuse them by the chat form's names. */
  readonly fieldNames: FieldNames;
  /** The answer's body. `asked` is the request's body as it came; `traceId` is the call's, a UUID. */
  fromCompletion(completion: ChatCompletion, asked: Readonly<Record<string, unknown>>, traceId: string): object;
  /** A translator for one streamed answer. */
  frames(asked: Readonly<Record<string, unknown>>, traceId: string): FrameTranslator;
  /** The body of an error answer, of ours or of a provider's. */
  error(error: ApiError): object;
}

export interface ApiError {
  /** HTTP status. */
  status: number;
  message: string;
  /** OpenAI's `type` and `code`. */
  type: string;
  code: string | null;
  param: string | null;
}

/** Writes server-sent events of an API from chunks of the chat form. Each method returns whole frames, or an empty text. */
export interface FrameTranslator {
  take(chunk: ChatChunk): string;
  /** All was well: what closes the stream. */
  end(): string;
  /** What ends a stream that had begun and cannot be finished. Never what `end` writes. */
  fail(error: StillhouseError): string;
}
