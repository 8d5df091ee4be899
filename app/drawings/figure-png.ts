import type { Figure } from '../../checks/report/figure.ts';
import { figureSvg } from './draw-figure.ts';
import type { Theme } from './svg.ts';

/** Sharp on the screens that people have; the image is shown at half its pixels. */
const ZOOM = 2;

/**
 * A figure as PNG, for pages and mails that take no SVG. Loaded when it is first asked for: the rasteriser is a native library, and a machine without it
 * still serves SVG.
 */
export async function figurePng(figure: Figure, theme: Theme): Promise<Uint8Array<ArrayBuffer>> {
  const { renderAsync } = await import('@resvg/resvg-js');
  const image = await renderAsync(figureSvg(figure, theme), {
    fitTo: { mode: 'zoom', value: ZOOM },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return Uint8Array.from(image.asPng());
}
