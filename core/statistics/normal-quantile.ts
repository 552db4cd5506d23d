/** Standard normal quantiles that the intervals here use; constants, so that nobody approximates them twice. */
export const Z = {
  /** Two-sided 95 %. */
  twoSided95: 1.959963984540054,
  /** One-sided 95 %. */
  oneSided95: 1.6448536269514722,
  /** Power of 80 %. */
  power80: 0.8416212335729143,
} as const;
