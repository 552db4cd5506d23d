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

/** A price per million tokens, as providers state it. */
export function formatPrice(usdPerMTok: number | null): string {
  return usdPerMTok === null ? 'unpriced' : `${formatUsd(usdPerMTok)} / M`;
}
