import { figuresOf } from './comparison-figures.ts';
import { codeText, detailsText, escapedText } from './markdown.ts';
import type { CheckResult } from './report.ts';
import { textFigure } from './text-figure.ts';

/** A figure as an image on a page that is not ours: light and dark, with the finding as alternative text. */
export interface FigureImage {
  /** The figure that it shows. */
  readonly id: string;
  readonly light: string;
  readonly dark: string;
  readonly width: number;
  readonly alt: string;
}

/** So many figures are on a check run's page; the full report has the others. */
export const MOST_FIGURES = 6;

/** Figures as images with the monospace form folded beside them; without images the monospace form stands open. */
export function figureBlocks(result: CheckResult, images: readonly FigureImage[]): readonly string[] {
  return figuresOf(result)
    .slice(0, MOST_FIGURES)
    .map((figure) => {
      const drawn = codeText(textFigure(figure));
      const note = figure.note === undefined ? '' : `\n\n<sub>${escapedText(figure.note)}</sub>`;
      const image = images.find(({ id }) => id === figure.id);
      return image === undefined
        ? `${escapedText(figure.says)}\n\n${drawn}${note}`
        : `${pictureText(image)}${note}\n\n${detailsText('The same as text', drawn)}`;
    });
}

function pictureText({ light, dark, width, alt }: FigureImage): string {
  return `<picture>\n<source media="(prefers-color-scheme: dark)" srcset="${quoted(dark)}">\n<img src="${quoted(light)}" width="${width}" alt="${quoted(alt)}">\n</picture>`;
}

/** A line break would end the markup's block. */
const quoted = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ');
