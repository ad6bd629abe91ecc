/** The mark: a ring with one piece lifted out of it. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden className={className ?? "size-6"} fill="none">
      <path d="M20.2 14.5A8.6 8.6 0 1 1 12 3.4" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />
      <path d="m13.2 10.8 6-6m0 0h-4.6m4.6 0v4.6" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
