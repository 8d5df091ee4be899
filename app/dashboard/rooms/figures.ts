import type { Figure } from '../../../checks/report/figure.ts';
import { titleOfFigure } from '../../../checks/report/figure-title.ts';
import { figureNumbers } from '../../../checks/report/figure-numbers.ts';
import { drawFigure, NARROW_PX, widthOf } from '../../drawings/draw-figure.ts';
import { inBothWidths } from '../inline.ts';
import { html, type Markup, nothing } from '../markup.ts';

/** So many figures are seen at once; a check that draws one for each of forty columns folds the rest. */
const MOST_OPEN = 8;

/** Figures beside each other, the worst first, each with its numbers folded below it. */
export function figureGrid(figures: readonly Figure[]): Markup {
  if (figures.length === 0) return nothing;
  const rest = figures.slice(MOST_OPEN);
  return html`<div class="figs">${figures.slice(0, MOST_OPEN).map(figureBlock)}</div>${rest.length === 0 ? nothing : html`<details><summary>${rest.length} more ${rest.length === 1 ? 'figure' : 'figures'}</summary><div class="figs">${rest.map(figureBlock)}</div></details>`}`;
}

function figureBlock(figure: Figure): Markup {
  const width = widthOf(figure);
  const note = figure.note === undefined ? nothing : html`<span class="muted">${figure.note}</span>`;
  return html`<figure${width > NARROW_PX ? html` class="half"` : nothing}><figcaption class="strong">${titleOfFigure(figure)}${note}</figcaption>${inBothWidths(drawFigure(figure, width), drawFigure(figure, NARROW_PX))}${numbersOf(figure)}</figure>`;
}

function numbersOf(figure: Figure): Markup {
  const { head, rows } = figureNumbers(figure);
  return html`<details><summary>Numbers</summary><div class="scroll" tabindex="0"><table class="numbers"><thead><tr>${head.map((title, index) => html`<th scope="col"${index === 0 ? nothing : html` class="num"`}>${title}</th>`)}</tr></thead><tbody>${rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="num">${cell}</td>`)}</tr>`,
  )}</tbody></table></div></details>`;
}
