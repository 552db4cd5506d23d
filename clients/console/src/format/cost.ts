/** US dollars in as many digits as say something: `$1,240`, `$3.27`, `$0.042`, `$0.00012`. Unknown is `–`, never `$0`. */
export function formatUsd(usd: number | null | undefined): string {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return '–';
  if (usd < 0) return `−${formatUsd(-usd)}`;
  const size = usd;
  if (size === 0) return '$0';
  if (size >= 1000) return `$${Math.round(usd).toLocaleString('en-US')}`;
  if (size >= 1) return `$${usd.toFixed(2)}`;
  if (size < 1e-6) return '<$0.000001';
  // Two significant digits below a cent, three above.
  const digits = Math.min(12, -Math.floor(Math.log10(size)) + (size < 0.01 ? 1 : 2));
  return `$${usd.toFixed(digits).replace(/0+$/, '').replace(/\.$/, '')}`;
}

/** What a call cost, and what budgets count beside it: `$0.042`, `unknown, some $0.0012 estimated`, `$0.042 and some $0.0012 estimated`. */
export function formatCost(usd: number | null, estimatedUsd: number | null | undefined): string {
  if (!estimatedUsd) return formatUsd(usd);
  return `${usd === null ? 'unknown,' : `${formatUsd(usd)} and`} some ${formatUsd(estimatedUsd)} estimated`;
}

/** A price per million tokens, as providers state it. */
export function formatPrice(usdPerMTok: number | null): string {
  return usdPerMTok === null ? 'unpriced' : `${formatUsd(usdPerMTok)} / M`;
}
