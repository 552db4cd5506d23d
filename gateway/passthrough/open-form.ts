import type { DataPlane } from '../chat/data-plane.ts';
import type { Inbound } from '../chat/inbound.ts';
import { arrivingBytes } from './arriving-bytes.ts';
import { shortened } from './body-digest.ts';
import { type FormFacts, FormUpload, type OnField } from './form-upload.ts';
import { HeldBytes, type WaitingRoom } from './held-bytes.ts';
import { boundaryOf, formType } from './multipart.ts';

/** A form that is on its way. */
export interface OpenForm {
  contentType: string;
  /** Grows while the form goes up. */
  facts: FormFacts;
  count: { bytes: number };
  /** Whether all of it has come. */
  isWhole: () => boolean;
  /** Whether nothing of it has gone up: all of it can still go elsewhere. */
  isUntouched: () => boolean;
  /** All of it, once; `settling`: another value of the field that says where it goes. */
  body: (settling?: string) => AsyncIterable<Uint8Array>;
  /** For a form that nobody reads after all. */
  close(): Promise<void>;
}

/** How a form is read. */
export interface FormReading {
  /** Fields that may stand once. */
  single: readonly string[];
  onField: OnField;
  /** Whether it is known where the form goes. */
  settled: () => boolean;
  maxBytes: number;
  /** For what must wait until then. */
  room: WaitingRoom;
}

/**
 * Reads a form until it is known where it goes: clients write files before the fields that say so. What has come by then waits, beyond
 * a little on the disk; the rest streams. A form that has ended without saying so is given, too.
 */
export async function openForm(c: Inbound, { single, onField, settled, maxBytes, room }: FormReading): Promise<OpenForm> {
  const boundary = boundaryOf(c.req.header('content-type') ?? '');
  const count = { bytes: 0 };
  const upload = new FormUpload({ boundary, single, onField });
  const rest = upload.rewritten(arrivingBytes(c, maxBytes, count));
  const held = new HeldBytes(room);
  const close = async () => {
    await held.close();
    await rest.return(undefined);
  };
  // The field that settles it, or what comes behind it where that is taken out.
  let last: Uint8Array | null = null;
  try {
    while (!settled()) {
      const next = await rest.next();
      if (next.done) break;
      if (settled()) last = next.value;
      else await held.add(next.value);
    }
  } catch (error) {
    await close();
    throw error;
  }
  let begun = false;
  const isWhole = () => upload.isWhole;
  async function* all(settling?: string): AsyncGenerator<Uint8Array> {
    begun = true;
    try {
      yield* held.read();
      if (last) yield settling === undefined ? last : upload.lastField(settling);
      yield* rest;
    } finally {
      await close();
    }
  }
  return {
    contentType: formType(boundary),
    facts: upload.facts,
    count,
    isWhole,
    isUntouched: () => !begun,
    body: all,
    close: async () => void (begun || (await close())),
  };
}

/** What a trace keeps of a form: its fields, and of its files their size. */
export function recordedForm({ facts, count }: Pick<OpenForm, 'facts' | 'count'>): string {
  return shortened(JSON.stringify({ ...facts.fields, files: facts.files, bytes: count.bytes }));
}

/** What the handlers of this folder work with. */
export interface FormParts {
  plane: DataPlane;
  maxUploadBytes: number;
  room: WaitingRoom;
}
