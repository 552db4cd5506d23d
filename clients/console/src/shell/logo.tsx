/** The pot still. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#a05627" />
      <g fill="none" stroke="#fff" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round">
        <path d="M8 25h12c1.8 0 2.6-1.9 1.8-3.600C20.600 18.900 17.500 17.800 17 14.500V11h-6v3.500c-.5 3.300-3.600 4.400-4.800 6.900C5.400 23.100 6.200 25 8 25Z" />
        <path d="M14 11V9.500C14 7.600 15.400 7 17 7c3.500 0 5.600 2.700 8.500 8.500v3" />
      </g>
    </svg>
  );
}
