import { createHash } from 'node:crypto';
import { imageType } from './image-type.ts';

/** An image that a body held, as base64. */
export interface TakenImage {
  /** Of its bytes. */
  sha256: string;
  base64: string;
}

/** What stands in a stored body for an image: it is stored once a project, by its hash. */
export const IMAGE_REFERENCE = 'stillhouse:image/';

const DATA_URL = '"data:image/';
const BASE64 = ';base64,';
const REFERENCE = /"stillhouse:image\/([0-9a-f]{64})"/g;

/**
 * A body's text with each JSON string that is a data URL of an image replaced by `stillhouse:image/<sha256>`. What could
 * not be put back as it was stays: odd base64, a type that is not the image's own. A body without images is searched, not
 * parsed.
 */
export function takeImagesOut(body: string): { body: string; images: TakenImage[] } {
  let at = body.indexOf(DATA_URL);
  if (at < 0) return { body, images: [] };
  const images = new Map<string, TakenImage>();
  let kept = '';
  let from = 0;
  for (; at >= 0; at = body.indexOf(DATA_URL, at + 1)) {
    const end = body.indexOf('"', at + 1);
    if (end < 0) break;
    const image = imageOf(body.slice(at + 1, end));
    if (!image) continue;
    images.set(image.sha256, image);
    kept += `${body.slice(from, at)}"${IMAGE_REFERENCE}${image.sha256}"`;
    from = end + 1;
  }
  return { body: kept + body.slice(from), images: [...images.values()] };
}

/** A body's text with its images in their places again. A reference that `load` knows nothing of stays. */
export async function putImagesBack(
  body: string,
  load: (sha256: string) => Promise<{ type: string; bytes: Buffer } | null>,
): Promise<string> {
  const named = new Set([...body.matchAll(REFERENCE)].map((match) => match[1]!));
  if (named.size === 0) return body;
  const urls = new Map<string, string>();
  for (const sha256 of named) {
    const image = await load(sha256);
    if (image) urls.set(sha256, `"data:${image.type};base64,${image.bytes.toString('base64')}"`);
  }
  return body.replaceAll(REFERENCE, (reference, sha256: string) => urls.get(sha256) ?? reference);
}

/** null where the image could not be made again from its bytes alone. */
function imageOf(url: string): TakenImage | null {
  const mark = url.indexOf(BASE64);
  if (mark < 0 || mark > 60) return null;
  // Some encoders escape slashes.
  const base64 = url.slice(mark + BASE64.length).replaceAll('\\/', '/');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== base64) return null;
  const declared = url.slice('data:'.length, mark).replaceAll('\\/', '/').replace('image/jpg', 'image/jpeg');
  if (imageType(bytes) !== declared) return null;
  return { sha256: createHash('sha256').update(bytes).digest('hex'), base64 };
}
