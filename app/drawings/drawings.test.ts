import { describe, expect, it } from 'vitest';
import { baselineForest } from '../dashboard/baseline-forest.ts';
import { type Comparison, comparisonOf } from '../dashboard/comparisons.ts';
import { forest, forestAxisOf, type ForestRow, forestStrip } from './forest.ts';
import { sparkline } from '../dashboard/sparkline.ts';
import { escaped, standalone } from './svg.ts';
import { weightsTimeline } from '../dashboard/weights-timeline.ts';

const row = (more: Partial<ForestRow> = {}): ForestRow => ({
  label: 'Female',
  estimate: -0.15,
  low: -0.21,
  high: -0.1,
  margin: 0.02,
  mark: 'bad',
  ...more,
});
const xOf = (body: string, mark: RegExp): number => Number(mark.exec(body)?.[1]);

describe('a forest', () => {
  it('holds every failing interval whole, however wide the undecided ones are', () => {
    const axis = forestAxisOf(
      [row(), row({ mark: 'hollow', low: -5, high: 5 }), row({ mark: 'ink', estimate: 0.05, low: 0.03, high: 0.07 })],
      'roc_auc',
    );
    expect(axis.domain[0]).toBeLessThan(-0.21);
    expect(axis.domain[0]).toBeGreaterThan(-1);
    expect(axis.domain[1]).toBeGreaterThan(0.07);
  });

  it('ends an interval that leaves the axis in an arrow, on that side only', () => {
    const axis = forestAxisOf([row()], 'roc_auc');
    const inside = forestStrip(row(), axis, 420).body;
    const beyond = forestStrip(row({ mark: 'hollow', low: -9, high: 0.001 }), axis, 420).body;
    expect(inside).not.toContain('<path class="badl"');
    expect(beyond.match(/<path class="ink3l"/g)).toHaveLength(1);
  });

  it('points right for better: the estimate’s place follows its value', () => {
    const axis = forestAxisOf([row(), row({ mark: 'ink', estimate: 0.1, low: 0.05, high: 0.15 })], 'roc_auc');
    const place = (estimate: number): number =>
      xOf(forestStrip(row({ mark: 'ink', estimate }), axis, 420).body, /<circle class="ink-f" cx="([\d.]+)"/);
    expect(place(0.1)).toBeGreaterThan(place(0));
    expect(place(0)).toBeGreaterThan(place(-0.1));
  });

  it('shows what failed by shape as well as by colour', () => {
    const axis = forestAxisOf([row()], 'roc_auc');
    expect(forestStrip(row(), axis, 420).body).toContain('<path class="bad-f"');
    expect(forestStrip(row({ mark: 'hollow' }), axis, 420).body).toContain('<circle class="hole"');
  });

  it('says in words what it shows', () => {
    expect(forestStrip(row(), forestAxisOf([row()], 'roc_auc'), 420).label).toBe(
      'Female: −0.150, interval −0.210 to −0.100',
    );
  });

  it.each([358, 560])('is as wide as asked at %d px, and keeps its words inside', (width) => {
    const drawing = forest(
      [row({ label: 'a very long name of a cohort, with another column beside it' })],
      forestAxisOf([row()], 'unit'),
      width,
      'label',
    );
    expect(drawing.width).toBe(width);
    for (const [, x] of drawing.body.matchAll(/<text x="(-?[\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(width);
    }
  });

  it('tells numbers as measured where less is better, with better still at the right', () => {
    const worse = row({ estimate: -41, low: -74, high: -7, margin: 5 });
    const axis = forestAxisOf([worse], 'mae, candidate minus champion', { turned: true });
    const drawing = forest([worse], axis, 560, 'label');
    expect(drawing.body).toContain('>+41.0<');
    expect(drawing.body).toContain('>margin +5<');
    expect(drawing.body).toContain('>+60<');
    expect(forestStrip(worse, axis, 420).label).toBe('Female: +41.0, interval +7.0 to +74.0');
  });

  it('survives rows without intervals, and rows that are all equal', () => {
    const { low: _low, high: _high, ...bare } = row({ estimate: 0, margin: 0 });
    const drawing = forest([bare, bare], forestAxisOf([bare, bare], 'unit'), 560, 'label');
    expect(drawing.body).not.toMatch(/NaN|Infinity/);
  });
});

describe('a drawing for other people’s pages', () => {
  it('is well-formed XML with literal colours, whatever stands in names', () => {
    const hostile = row({ label: `]]><script>alert(1)</script>\u0000\uD800&"'` });
    const svg = standalone(forest([hostile], forestAxisOf([hostile], '<unit>'), 560, hostile.label), 'dark');
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u0000');
    expect(svg.isWellFormed()).toBe(true);
    expect(svg).not.toContain('var(');
  });
});

describe('the other drawings', () => {
  it('a timeline of weights is solid where it happened and dashed where it is planned', () => {
    const drawing = weightsTimeline(
      [
        { from: 0, to: 60_000, weight: 5, planned: false },
        { from: 60_000, to: 120_000, weight: 50, planned: true },
      ],
      { width: 620, unit: 'share', label: 'l', now: 60_000 },
    );
    expect(drawing.body).toContain('class="inkl"');
    expect(drawing.body).toContain('class="ink3l dash"');
    expect(drawing.body).not.toMatch(/NaN|undefined/);
  });

  it.each([[[]], [[0]], [[0, 0, 0]], [[1, 5, 2]]])('a sparkline of %j has no holes', (values) => {
    expect(sparkline(values, { width: 320, label: 'l' }).body).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('text is escaped for XML', () => expect(escaped(`<&>"'`)).toBe('&lt;&amp;&gt;&quot;&#39;'));
});

describe('several metrics on one axis', () => {
  const compared = (metric: string, difference: number, margin: number): Comparison => {
    const measured = {
      metric,
      candidate: 1,
      baseline: 1,
      difference,
      interval: [difference - 1, difference + 1],
      margin,
      n: 9,
    };
    const found = comparisonOf({
      id: `baseline/${metric}`,
      verdict: 'pass',
      severity: 'blocking',
      reason: 'r',
      measured,
    });
    if (found === undefined) throw new Error('it holds a metric and a difference');
    return found;
  };

  it.each([
    ['errors alone are told as measured', ['mae', 'rmse'], 'candidate minus champion', true],
    ['shares alone as measured', ['roc_auc', 'f1'], 'candidate minus champion', false],
    ['shares of both directions as improvement', ['roc_auc', 'log_loss'], 'improvement', false],
    ['errors and shares in margins', ['mae', 'r2'], 'improvement, in margins', false],
  ])('%s', (_, names, unit, turned) => {
    expect(baselineForest(names.map((name) => compared(name, 2, 4))).axis).toMatchObject({ unit, turned });
  });

  it('draws a difference of half a margin at half a step', () => {
    expect(baselineForest([compared('mae', -2, 4), compared('r2', 1, 4)]).rows.map(({ estimate }) => estimate)).toEqual(
      [0.5, 0.25],
    );
  });
});
