import { type Drawing, svgOf } from '../drawings/svg.ts';
import { type Markup, ownMarkup } from './markup.ts';

/** For a page: colours come from its style sheet. */
export const inline = (drawing: Drawing): Markup => ownMarkup(svgOf(drawing));

/** Both widths of one drawing; the style sheet shows the one that fits. */
export const inBothWidths = (wide: Drawing, narrow: Drawing): Markup =>
  ownMarkup(`<div class="only-w">${svgOf(wide)}</div><div class="only-n">${svgOf(narrow)}</div>`);
