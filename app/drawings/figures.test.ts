import { describe, expect, it } from 'vitest';
import { titleOfFigure } from '../../checks/report/figure-title.ts';
import { figureNumbers } from '../../checks/report/figure-numbers.ts';
import { sampleFigures } from '../../checks/report/sample-figures.ts';
import { textFigure } from '../../checks/report/text-figure.ts';
import { blockedReport, reportDigest } from '../dashboard/sample-views.ts';
import { checkNamed } from '../dashboard/comparisons.ts';
import { drawFigure, figureSvg, NARROW_PX, widthOf } from './draw-figure.ts';
import { checkRunImages, figureNamed } from './figure-images.ts';
import { figurePng } from './figure-png.ts';

const named = sampleFigures.map((figure) => [`${figure.kind} ${figure.id}`, figure] as const);

describe.each(named)('%s', (_, figure) => {
  it.each([widthOf(figure), NARROW_PX, 860])('is drawn at its true size of %d px, its words inside', (width) => {
    const drawing = drawFigure(figure, width);
    expect(drawing.width).toBe(width);
    expect(drawing.label).toBe(figure.says);
    expect(drawing.body).not.toMatch(/NaN|Infinity|undefined/);
    for (const [, x = '', y = ''] of drawing.body.matchAll(/<text x="(-?[\d.]+)" y="(-?[\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(width);
      expect(Number(y)).toBeGreaterThan(0);
      expect(Number(y)).toBeLessThanOrEqual(drawing.height);
    }
  });

  it('reads as text, no wider than a terminal', () => {
    const text = textFigure(figure);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('has its numbers as a table, each row as long as its head, and a title', () => {
    const { head, rows } = figureNumbers(figure);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toHaveLength(head.length);
    expect(titleOfFigure(figure)).not.toBe('');
  });

  it('is the same marks in light and dark, as a file of its own', () => {
    const marks = (theme: 'light' | 'dark') =>
      figureSvg(figure, theme)
        .replace(/<style>.*<\/style>/, '')
        .replaceAll(/fill="#\w+"/g, '');
    expect(marks('light')).toBe(marks('dark'));
    expect(figureSvg(figure, 'dark')).not.toContain('var(');
  });
});

describe('figures that hold nothing', () => {
  it.each(named)('%s is still drawn', (_, figure) => {
    const empty = JSON.parse(JSON.stringify(figure), (_key, value) => (Array.isArray(value) ? [] : value));
    expect(drawFigure(empty, 308).body).not.toMatch(/NaN|undefined/);
    expect(textFigure(empty)).not.toMatch(/NaN|undefined/);
  });
});

describe('images for other people’s pages', () => {
  const cohorts = checkNamed(blockedReport, 'cohorts');
  const images =
    cohorts === undefined ? [] : checkRunImages(cohorts, `sha256:${reportDigest}`, 'https://slipway.acme.example/');

  it('have an address under the report’s digest and the finding as alternative text', () => {
    expect(images[0]).toMatchObject({
      dark: `https://slipway.acme.example/figures/${reportDigest}/cohorts/roc_auc-dark.svg`,
      width: 860,
    });
    expect(images[0]?.alt).toContain('sex = Female −0.153, interval −0.209 to −0.096; the margin is 0.02.');
  });

  it('are found again by what stands in their address', () => {
    for (const { id } of images) expect(figureNamed(blockedReport, 'cohorts', id)?.id).toBe(id);
    expect(figureNamed(blockedReport, 'cohorts', 'nothing')).toBeUndefined();
    expect(figureNamed(blockedReport, 'nothing', 'roc_auc')).toBeUndefined();
  });

  it('are PNG where SVG is not taken', async () => {
    const [figure] = sampleFigures;
    if (figure === undefined) throw new Error('there is a sample');
    expect(
      Buffer.from(await figurePng(figure, 'light'))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });
});
