const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Shares as bars of one to eight eighths of the greatest over all series drawn beside each other; an empty bin is a space. */
export function sparkline(shares: readonly number[], greatest: number = Math.max(...shares)): string {
  if (!(greatest > 0)) return '';
  return shares
    .map((share) => (share <= 0 ? ' ' : (BLOCKS[Math.min(7, Math.ceil((share / greatest) * 8) - 1)] ?? ' ')))
    .join('');
}
