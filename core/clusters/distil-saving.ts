/** An encoder's call on one core, in seconds: an embedding and a head. */
const ENCODER_SECONDS = 0.005;
/** Tokens a second that a small language model answers with on one GPU, several calls at a time. A rule of thumb, on the low side. */
const TOKENS_PER_SECOND = 500;
const MONTH_MS = 30 * 86_400_000;
/** Traffic of less time is not projected to a month. */
const SHORTEST_MS = 3_600_000;

/** What a cluster's traffic is, for what a student would save. */
export interface ClusterTraffic {
  calls: number;
  tokensOut: number;
  costUsd: number | null;
  firstAt: string;
  lastAt: string;
}

/**
 * US dollars that the student would save in a month at this traffic: what its calls cost, less a core's or a GPU's time for
 * them. null where no student fits, no call has a price or the traffic is too short to say.
 */
export function savingUsdPerMonth(
  student: string | null,
  traffic: ClusterTraffic,
  rates: { coreHourUsd: number; gpuHourUsd: number },
): number | null {
  const spanMs = Date.parse(traffic.lastAt) - Date.parse(traffic.firstAt);
  if (student === null || traffic.costUsd === null || spanMs < SHORTEST_MS) return null;
  const hours = student === 'encoder' ? (traffic.calls * ENCODER_SECONDS) / 3600 : traffic.tokensOut / TOKENS_PER_SECOND / 3600;
  const studentUsd = hours * (student === 'encoder' ? rates.coreHourUsd : rates.gpuHourUsd);
  return ((traffic.costUsd - studentUsd) * MONTH_MS) / spanMs;
}
