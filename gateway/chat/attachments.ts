import type { Message } from '../../contracts/chat.ts';

/** What Anthropic counts an image of a full page for; others count about as much. */
export const TOKENS_PER_IMAGE = 1600;
/** How much of a document in base64 is a token, about 2,000 a page; sound has fewer. */
export const CHARACTERS_PER_DOCUMENT_TOKEN = 32;

/** What a request holds beside its text: no token is to be counted for each few letters of base64. */
export interface Attachments {
  /** Pictures, by address and in data URLs. */
  images: number;
  /** Of the latter. */
  imageCharacters: number;
  /** Of documents and sound. */
  fileCharacters: number;
}

interface LoosePart {
  type?: unknown;
  image_url?: { url?: unknown } | string | null;
  file?: { file_data?: unknown } | null;
  input_audio?: { data?: unknown } | null;
}

/** The attachments of a chat's messages. */
export function attachmentsOf(messages: readonly Message[]): Attachments {
  const all: Attachments = { images: 0, imageCharacters: 0, fileCharacters: 0 };
  for (const { content } of messages as readonly { content?: unknown }[]) {
    if (!Array.isArray(content)) continue;
    for (const part of content as (LoosePart | null)[]) {
      if (part?.type === 'image_url') {
        const url = typeof part.image_url === 'string' ? part.image_url : part.image_url?.url;
        all.images++;
        if (typeof url === 'string' && url.startsWith('data:image/')) all.imageCharacters += url.length;
      } else if (part?.type === 'file') all.fileCharacters += lengthOf(part.file?.file_data);
      else if (part?.type === 'input_audio') all.fileCharacters += lengthOf(part.input_audio?.data);
    }
  }
  return all;
}

function lengthOf(data: unknown): number {
  return typeof data === 'string' ? data.length : 0;
}
