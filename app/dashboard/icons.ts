import { html, type Markup, ownMarkup } from './markup.ts';

/**
 * A state is shape, then word, then colour, so that it reads without colour: octagon failed, triangle drifted (hollow:
 * advisory), bars held, ≠ drifted away, arrow rolling, = in sync, tick passed, dashed ring waived, half disc cannot say.
 */
const SHAPES = {
  octagon:
    '<path d="M4.2 0h5.6L14 4.2v5.6L9.8 14H4.2L0 9.8V4.2z" fill="currentColor"/><path d="M4.5 4.5l5 5m0-5l-5 5" class="bgl"/>',
  triangle: '<path d="M7 .5L14 13.5H0z" fill="currentColor"/><path d="M7 5v4m0 1.4v1.5" class="bgl"/>',
  hollowTriangle:
    '<path d="M7 1.5L13 12.8H1z" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M7 5.3v3.5m0 1v1.4" stroke="currentColor" stroke-width="1.3"/>',
  bars: '<path d="M3 1.5h3v11H3zM8 1.5h3v11H8z" fill="currentColor"/>',
  unequal: '<path d="M1.5 4.8h11M1.5 9.2h11M10 1L4 13" fill="none" stroke="currentColor" stroke-width="1.7"/>',
  arrow: '<path d="M1.5 7h10M7.5 2.8L11.8 7l-4.3 4.2" fill="none" stroke="currentColor" stroke-width="1.6"/>',
  equal: '<path d="M2 5h10M2 9h10" stroke="currentColor" stroke-width="1.6"/>',
  tick: '<path d="M2 7.5l3.3 3.3L12 3.6" fill="none" stroke="currentColor" stroke-width="1.8"/>',
  dashedRing:
    '<circle cx="7" cy="7" r="5.8" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="3 2"/><path d="M4 10l6-6" stroke="currentColor" stroke-width="1.5"/>',
  halfDisc:
    '<circle cx="7" cy="7" r="5.8" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M7 1.2a5.8 5.8 0 0 1 0 11.6z" fill="currentColor"/>',
  dash: '<path d="M3 7h8" stroke="currentColor" stroke-width="1.6"/>',
  ring: '<circle cx="7" cy="7" r="5.6" class="station" stroke-width="1.6"/>',
  target:
    '<circle cx="7" cy="7" r="6" class="bgf" stroke="currentColor" stroke-width="1.6"/><circle cx="7" cy="7" r="3" fill="currentColor"/>',
  discTick:
    '<circle cx="7" cy="7" r="6.5" fill="currentColor"/><path d="M3.8 7.2l2.3 2.3 4.2-4.6" fill="none" class="bgl"/>',
} as const satisfies Record<string, string>;

export type Shape = keyof typeof SHAPES;
export type Tone = 'bad' | 'warn' | 'faint' | 'ink';

const classOf = (tone: Tone): string => (tone === 'ink' ? 'i' : `i ${tone}`);

/** The shape alone; what it means must stand beside it in words. */
export const icon = (shape: Shape, tone: Tone): Markup =>
  ownMarkup(
    `<svg class="${classOf(tone)}" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">${SHAPES[shape]}</svg>`,
  );

/** Shape and word. Only what is wrong colours its word too. */
export function stateTag(shape: Shape, tone: Tone, words: string): Markup {
  const className = tone === 'bad' || tone === 'warn' ? `state ${tone}` : 'state';
  return html`<span class="${className}">${icon(shape, tone)}<span>${words}</span></span>`;
}
