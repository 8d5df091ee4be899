import { figuresOf } from '../../checks/report/comparison-figures.ts';
import type { Figure } from '../../checks/report/figure.ts';
import { type FigureImage, shownFigures } from '../../checks/report/figure-markdown.ts';
import type { CheckResult, Report } from '../../checks/report/report.ts';
import { figureImage } from './draw-figure.ts';
import type { Theme } from './svg.ts';

/**
 * Figures of kept reports as files with an address: `/figures/<digest of the report>/<check>/<figure>-light.svg`. The digest is known to who can read
 * the report, and the file under it never changes.
 */
export const figureAddress = (
  publicUrl: string,
  digest: string,
  { check, figure, theme }: { readonly check: string; readonly figure: string; readonly theme: Theme },
): string =>
  `${publicUrl.replace(/\/+$/, '')}/figures/${[digest.replace(/^sha256:/, ''), check, `${figure}-${theme}.svg`].map(encodeURIComponent).join('/')}`;

/** The figure that stands under such an address. */
export function figureNamed(report: Report, check: string, id: string): Figure | undefined {
  const result = report.checks.find(({ name }) => name === check);
  return result === undefined ? undefined : figuresOf(result).find((figure) => figure.id === id);
}

/** The images of one check's run, for `CheckRunLinks.images`; none where there is nothing to draw. */
export function checkRunImages(result: CheckResult, digest: string, publicUrl: string): readonly FigureImage[] {
  return shownFigures(result).map((figure) => {
    const address = (theme: Theme): string =>
      figureAddress(publicUrl, digest, { check: result.name, figure: figure.id, theme });
    return {
      id: figure.id,
      light: address('light'),
      dark: address('dark'),
      width: figureImage(figure).width,
      alt: figure.says,
    };
  });
}
