/** How bars over time look. */
export const LOOK = { h: 210, gridAxis: 'x', gridColor: 'var(--border)', tickLine: 'none', strokeDasharray: '0', maxBarWidth: 22 } as const;

/** A first paint without movement: the numbers are read anew now and then. */
export const STILL = { isAnimationActive: false };
