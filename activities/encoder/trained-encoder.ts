import { z } from 'zod';
import { ArtifactRef } from '../../contracts/identifiers.ts';
import { EncoderManifest } from '../../contracts/stages.ts';

/** What `trainEncoder` leaves and `exportEncoder` reads: the numbers lie beside it. */
export const TrainedEncoder = EncoderManifest.pick({
  embedder: true,
  labels: true,
  head: true,
  temperature: true,
  neighbours: true,
  validationAccuracy: true,
}).extend({
  format: z.literal('stillhouse-trained-encoder/1'),
  curated: ArtifactRef,
  trainRows: z.number().int(),
  unlabelledRows: z.number().int(),
  cleanedRows: z.number().int(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  embedSeconds: z.number(),
  trainSeconds: z.number(),
});
export type TrainedEncoder = z.infer<typeof TrainedEncoder>;
