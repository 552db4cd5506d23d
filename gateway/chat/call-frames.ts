import type { StillhouseError } from '../../contracts/errors.ts';
import type { ChatChunk } from '../providers/dialect.ts';
import type { FrameTranslator } from '../ways-in/way-in.ts';
import { openAIError } from './openai-error.ts';

/** How a stream is written in the API by which the caller came. */
export interface CallFrames {
  /** Whether frames are made anew. */
  readonly translates: boolean;
  /** A chunk as frames; `text` is the frame that it came in, null where it has been changed. */
  of(chunk: Record<string, unknown>, text: string | null): string;
  /** What closes a stream that is made anew. */
  end(): string;
  fail(error: StillhouseError): string;
}

/** OpenAI's chat: chunks go on as they came. */
export const CHAT_FRAMES: CallFrames = {
  translates: false,
  of: (chunk, text) => text ?? `data: ${JSON.stringify(chunk)}\n\n`,
  end: () => 'data: [DONE]\n\n',
  fail: (error) => `data: ${JSON.stringify(openAIError(error))}\n\n`,
};

export function translatedFrames(translator: FrameTranslator): CallFrames {
  return {
    translates: true,
    // Read leniently: what is no chunk as we know it has no tokens.
    of: (chunk) => translator.take(chunk as unknown as ChatChunk),
    end: () => translator.end(),
    fail: (error) => translator.fail(error),
  };
}
