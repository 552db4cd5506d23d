import { z } from 'zod';
import { PROVIDER_KINDS } from './provider-kinds.ts';

/** Of a circuit breaker: calls go there, none does, or one at a time to see whether it is well again. */
export const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Where a provider's key is from: given through the API, or a variable of the gateway's environment. */
export const KEY_SOURCES = ['api', 'environment'] as const;

/** The attempts of an hour. What a caller broke off, or asked for wrongly, is no error of the provider's. */
export const ProviderHour = z.object({
  attempts: z.number().int(),
  errors: z.number().int(),
  /** 0 to 1; null where there was no attempt. */
  errorRate: z.number().nullable(),
  /** Of attempts that were answered; null where none was. */
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
});
export type ProviderHour = z.infer<typeof ProviderHour>;

/** A model of a provider: one that the configuration names, or that was called of late. */
export const ProviderModel = z.object({
  target: z.string(),
  /** Whether the configuration names it. */
  configured: z.boolean(),
  /** null = unpriced. */
  inputUsdPerMTok: z.number().nullable(),
  outputUsdPerMTok: z.number().nullable(),
  /** As the gateway that answers has it; of its processes the worst. */
  breaker: z.enum(BREAKER_STATES),
  /** Milliseconds until a call may try it again; 0 where calls go. */
  probeInMs: z.number(),
  /** null while ClickHouse is down. */
  lastHour: ProviderHour.nullable(),
});
export type ProviderModel = z.infer<typeof ProviderModel>;

/** An attempt that failed. */
export const ProviderError = z.object({
  at: z.iso.datetime(),
  traceId: z.string(),
  target: z.string(),
  /** HTTP status of the provider's answer; 0 where none came. */
  status: z.number().int(),
  errorClass: z.string(),
});
export type ProviderError = z.infer<typeof ProviderError>;

/** One provider that the configuration names. Its key is not among it, only whether there is one. */
export const ProviderView = z.object({
  id: z.string(),
  kind: z.enum(PROVIDER_KINDS),
  key: z.object({
    set: z.boolean(),
    /** null where none is set. */
    from: z.enum(KEY_SOURCES).nullable(),
    /** The variable that is read; null where the provider wants no key, or has its own ways to one. */
    variable: z.string().nullable(),
  }),
  /** Whether it can be called as things stand. */
  ready: z.boolean(),
  /** Why not, in a sentence; empty where it is ready. */
  reason: z.string(),
  models: z.array(ProviderModel),
  /** The project's attempts; null while ClickHouse is down. */
  lastHour: ProviderHour.nullable(),
  /** The newest of the hour, at most five; null while ClickHouse is down. */
  lastErrors: z.array(ProviderError).nullable(),
});
export type ProviderView = z.infer<typeof ProviderView>;
