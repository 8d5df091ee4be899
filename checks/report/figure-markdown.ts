import { figuresOf } from './comparison-figures.ts';
import type { Figure } from './figure.ts';
import { titleOfFigure } from './figure-title.ts';
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
const MOST_FIGURES = 6;
/** Images up to this width stand beside each other. */
const SMALL_PX = 360;

/** The figures of a check run's page: of the comparisons those that failed, else the first; then the others, as the check told them. */
export function shownFigures(result: CheckResult): readonly Figure[] {
  const figures = figuresOf(result);
  const compared = figures.filter((figure) => figure.kind === 'intervals' && figure.margin !== undefined);
  const failed = compared.filter(
    (figure) => figure.kind === 'intervals' && figure.rows.some(({ verdict }) => verdict === 'fail'),
  );
  const told = new Set(failed.length > 0 ? failed : compared.slice(0, 1));
  return figures.filter((figure) => !compared.includes(figure) || told.has(figure)).slice(0, MOST_FIGURES);
}

/** Figures as images with the monospace form folded beside them; without images the monospace form stands open. */
export function figureBlocks(result: CheckResult, images: readonly FigureImage[]): readonly string[] {
  const shown = shownFigures(result).map((figure) => ({ figure, image: images.find(({ id }) => id === figure.id) }));
  const small = shown.filter(({ image }) => image !== undefined && image.width <= SMALL_PX);
  const large = shown.filter((each) => !small.includes(each));
  return [
    ...large.map(({ figure, image }) =>
      image === undefined
        ? `${captionOf(figure)}\n\n${escapedText(figure.says)}\n\n${codeText(textFigure(figure))}`
        : `${captionOf(figure)}\n\n${pictureText(image)}\n\n${asText([figure])}`,
    ),
    ...(small.length === 0 ? [] : [besideEachOther(small)]),
  ];
}

const captionOf = (figure: Figure): string =>
  `**${escapedText(titleOfFigure(figure))}**${figure.note === undefined ? '' : ` · ${escapedText(figure.note.replace(/\.$/, ''))}`}`;

function besideEachOther(
  shown: readonly { readonly figure: Figure; readonly image: FigureImage | undefined }[],
): string {
  const pictures = shown.flatMap(({ image }) => (image === undefined ? [] : [pictureText(image)]));
  const figures = shown.map(({ figure }) => figure);
  const captions = figures.map(captionOf);
  const lead = figures.length === 1 ? captions : [`From left to right: ${captions.join('; ')}.`];
  return [...lead, pictures.join(' '), asText(figures)].join('\n\n');
}

const asText = (figures: readonly Figure[]): string =>
  detailsText(
    'The same as text',
    figures.map((figure) => `${escapedText(figure.says)}\n\n${codeText(textFigure(figure))}`).join('\n\n'),
  );

function pictureText({ light, dark, width, alt }: FigureImage): string {
  return `<picture><source media="(prefers-color-scheme: dark)" srcset="${quoted(dark)}"><img src="${quoted(light)}" width="${width}" alt="${quoted(alt)}"></picture>`;
}

/** A line break would end the markup's block. */
const quoted = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ');
