import type { FigureSide } from '../../checks/report/figure.ts';
import { disc, square } from './svg.ts';

/**
 * Two sides of every comparison: the accent for what is asked about (candidate, window), grey for what it is held against
 * (champion, reference). Shape differs too: a square, a disc.
 */
interface SideStyle {
  readonly line: string;
  readonly fill: string;
  readonly area: string;
  readonly words: string;
  readonly isAsked: boolean;
}

const ASKED: SideStyle = { line: 'cand', fill: 'cand-f', area: 'cand-a', words: 'tc', isAsked: true };
const HELD_AGAINST: SideStyle = { line: 'champ', fill: 'champ-f', area: 'champ-a', words: 'tr', isAsked: false };

const STYLES = {
  candidate: ASKED,
  window: ASKED,
  champion: HELD_AGAINST,
  reference: HELD_AGAINST,
} as const satisfies Record<FigureSide, SideStyle>;

export const styleOfSide = (side: FigureSide): SideStyle => STYLES[side];

export const sideMark = (side: FigureSide, x: number, y: number): string =>
  STYLES[side].isAsked ? square(STYLES[side].fill, x, y, 3.5) : disc(STYLES[side].fill, x, y, 3.5);

/** What is held against first, so that what is asked about is drawn over it. */
export const askedLast = <T extends { readonly side: FigureSide }>(lines: readonly T[]): readonly T[] =>
  lines.toSorted((a, b) => Number(STYLES[a.side].isAsked) - Number(STYLES[b.side].isAsked));
