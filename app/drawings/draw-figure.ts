import type { Figure } from '../../checks/report/figure.ts';
import { curve } from './curve.ts';
import { distribution } from './distribution.ts';
import { flips } from './flips.ts';
import { intervals } from './intervals.ts';
import { latency } from './latency.ts';
import { reliability } from './reliability.ts';
import { score } from './score.ts';
import { type Drawing, standalone, type Theme } from './svg.ts';

/** A phone's page between its margins. */
export const NARROW_PX = 358;
/** A quarter of a wide page, a half, and a check run's page on GitHub. */
const WIDTHS = { small: 308, half: 640, image: 860 } as const;

/** How wide a figure wants to be on a wide page: planes are small multiples, lists of rows want room. */
export const widthOf = ({ kind }: Figure): number =>
  kind === 'intervals' || kind === 'latency' ? WIDTHS.half : WIDTHS.small;

/** One figure as a drawing of this width: the one place that knows every kind. */
export function drawFigure(figure: Figure, width: number): Drawing {
  switch (figure.kind) {
    case 'curve':
      return curve(figure, width);
    case 'reliability':
      return reliability(figure, width);
    case 'distribution':
      return distribution(figure, width);
    case 'intervals':
      return intervals(figure, width);
    case 'latency':
      return latency(figure, width);
    case 'flips':
      return flips(figure, width);
    case 'score':
      return score(figure, width);
  }
}

/** As it stands on GitHub's pages. */
export const figureImage = (figure: Figure): Drawing =>
  drawFigure(figure, figure.kind === 'intervals' ? WIDTHS.image : widthOf(figure));

/** As a file of its own. */
export const figureSvg = (figure: Figure, theme: Theme): string => standalone(figureImage(figure), theme);
