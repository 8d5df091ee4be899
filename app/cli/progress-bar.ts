const CELLS = 20;

/** How much is done, `█████░░░░░░░░░░░░░░░  25 %`, for a share from 0 to 1. */
export function progressBar(share: number): string {
  const bounded = Math.min(1, Math.max(0, share));
  const full = Math.round(bounded * CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${String(Math.round(100 * bounded)).padStart(3)} %`;
}
