/** The pot still. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#9c5527" />
      <g fill="none" stroke="#fff" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round">
        <path d="M7 25c-.7-4.200 3.300-5.800 4-10.200L11.800 9.600C12.100 7.400 14 6.600 15.900 7.600L25 12.400V25M7 25h13c.7-4.200-3.300-5.800-4-10.200l-.5-2.600" />
      </g>
    </svg>
  );
}
