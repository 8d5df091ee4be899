import { describe, expect, test } from 'vitest';
import { checkConclusionOf, reportConclusionOf } from '../conclusion.ts';
import { ANNOTATION_LIMIT } from './annotations.ts';
import { checkRunMarkdown, SUMMARY_LIMIT, TITLE_LIMIT } from './check-run-markdown.ts';
import {
  decimalsForDifference,
  intervalText,
  limitText,
  numberText,
  percentText,
  pValueText,
  signedText,
} from './format.ts';
import { shownFigures } from './figure-markdown.ts';
import { escapedText, tableText } from './markdown.ts';
import type { CheckResult, Finding, Report, Verdict } from './report.ts';
import { reportMarkdown } from './report-markdown.ts';
import { sparkline } from './sparkline.ts';
import { textForest } from './text-forest.ts';
import { worstFirst } from './worst-first.ts';

const finding = (
  verdict: Verdict,
  severity: Finding['severity'] = 'blocking',
  more: Partial<Finding> = {},
): Finding => ({
  id: 'baseline/roc_auc',
  verdict,
  severity,
  reason: 'roc_auc 0.639 against 0.791',
  measured: {},
  ...more,
});

const cohort = (name: string, difference: number, half: number, verdict: Verdict): Finding =>
  finding(verdict, verdict === 'inconclusive' ? 'advisory' : 'blocking', {
    id: `cohorts/${name}/roc_auc`,
    measured: {
      metric: 'roc_auc',
      cohort: name,
      candidate: 0.8 + difference,
      baseline: 0.8,
      difference,
      interval: [difference - half, difference + half],
      margin: 0.02,
      n: 2278,
    },
  });

/** As of a metric over all rows. */
function overall(difference: number): Finding['measured'] {
  const { cohort: _, ...measured } = cohort('everyone', difference, 0.01, 'pass').measured;
  return measured;
}

const result = (findings: readonly Finding[], more: Partial<CheckResult> = {}): CheckResult => ({
  name: 'cohorts',
  conclusion: checkConclusionOf(findings),
  title: 'sex = Female: roc_auc worse by 0.153 (margin 0.02)',
  durationMs: 412,
  required: true,
  findings,
  ...more,
});

const report = (checks: readonly CheckResult[]): Report => ({
  model: 'income',
  version: '2.0.0',
  revision: 'sha256:aa',
  digest: 'sha256:bb',
  baseline: { kind: 'production', version: '1.0.0' },
  conclusion: reportConclusionOf(checks),
  checks,
  defaults: {},
  environment: { slipway: '0.1.0', node: '24', onnxruntime: '1.30.0', cpu: '', isolation: 'namespace' },
});

describe('numbers for people', () => {
  test('a minus is a minus sign, and 0 has none', () => {
    expect([numberText(-0.1534), signedText(0.041), signedText(-0.0001, 3), signedText(0.0001, 3)]).toEqual([
      '−0.153',
      '+0.041',
      '0.000',
      '0.000',
    ]);
  });
  test('larger numbers have fewer decimals and thousands have commas', () => {
    expect([numberText(61.517), numberText(232.7097), numberText(3292679)]).toEqual(['61.52', '232.7', '3,292,679']);
  });
  test('a difference that decides never reads 0', () => {
    expect(signedText(0.000054, decimalsForDifference(0.84, 0.000054))).toBe('+0.000054');
    expect(signedText(0.0364, decimalsForDifference(61.5, 0.0364))).toBe('+0.04');
  });
  test('intervals, limits, shares and p-values', () => {
    expect(intervalText({ lower: -0.2091, upper: 0.096 }, 3)).toBe('[−0.209, +0.096]');
    expect([limitText(0.005), limitText(0.02), limitText(1.230351), limitText(32)]).toEqual([
      '0.005',
      '0.02',
      '1.23',
      '32',
    ]);
    expect(percentText(0.8876)).toBe('88.8 %');
    expect([pValueText(4.5e-16), pValueText(0.0004), pValueText(0.7112)]).toEqual(['< 0.0001', '0.0004', '0.711']);
  });
});

test('findings are sorted by verdict, blocking before advisory', () => {
  const mixed = [
    finding('pass'),
    finding('fail', 'advisory'),
    finding('inconclusive'),
    finding('fail'),
    finding('not-applicable'),
  ];
  expect(worstFirst(mixed).map(({ verdict, severity }) => `${verdict} ${severity}`)).toEqual([
    'fail blocking',
    'fail advisory',
    'inconclusive blocking',
    'pass blocking',
    'not-applicable blocking',
  ]);
});

test('text from data cannot become markup', () => {
  expect(escapedText('a|b <img src=x> *c* [d](e) `f`\n# g')).toBe(
    'a\\|b &lt;img src=x&gt; \\*c\\* \\[d\\](e) \\`f\\` # g',
  );
  expect(escapedText('roc_auc of _x_')).toBe('roc_auc of \\_x\\_');
  expect(tableText([{ title: 'a' }], [[escapedText('x|y')]])).toBe('| a |\n|---|\n| x\\|y |');
});

test('a sparkline is as high as the greatest share drawn beside it', () => {
  expect(sparkline([0, 0.25, 0.5, 1])).toBe(' ▂▄█');
  expect(sparkline([0.25, 0.5], 1)).toBe('▂▄');
  expect(sparkline([])).toBe('');
});

test('a forest draws margin, no change, and an arrow where an interval leaves the axis', () => {
  const forest = textForest(
    [
      {
        label: 'sex = Female',
        estimate: -0.153,
        interval: { lower: -0.209, upper: -0.096 },
        mark: '◆',
        note: '−0.153  worse',
      },
      { label: 'sex = Male', estimate: 0.079, interval: { lower: 0.064, upper: 0.094 }, mark: '●', note: '+0.079' },
      {
        label: 'age under 25',
        estimate: 0.1,
        interval: { lower: -0.9, upper: 0.9 },
        mark: '○',
        note: '+0.100  cannot say',
      },
    ],
    0.02,
  );
  expect(forest.split('\n')).toMatchInlineSnapshot(`
    [
      "                −0.2                  0",
      "sex = Female     ├─────◆────┤       ┊ │                     −0.153  worse",
      "sex = Male                          ┊ │      ├●─┤           +0.079",
      "age under 25  ←─────────────────────────────────○────────→  +0.100  cannot say",
    ]
  `);
});

describe('a check run’s page', () => {
  const findings = [
    cohort('sex = Male', 0.079, 0.015, 'pass'),
    cohort('age under 25', -0.356, 0.474, 'inconclusive'),
    cohort('sex = Female', -0.153, 0.057, 'fail'),
  ];
  const page = checkRunMarkdown(result(findings, { method: ['Paired DeLong.'] }), report([]));

  test('the title is the verdict with its number', () => {
    expect(page.title).toBe('sex = Female: roc_auc worse by 0.153 (margin 0.02)');
  });

  test('the summary says what is compared and shows what failed in figures', () => {
    expect(page.summary).toContain('**income 2.0.0 against 1.0.0 in production, on the same 2,278 rows.**');
    expect(page.summary).toContain(
      '| **worse** | **sex = Female: roc_auc** | 2,278 | 0.800 | 0.647 | **−0.153** | [−0.210,\u00a0−0.096] | 0.02 |',
    );
    expect(page.summary).toContain('1 worse, 1 cannot say, 1 better');
  });

  test('what nobody can say is folded, named so, and never among what passed', () => {
    const [, folded = ''] = page.text.split('1 of which nobody can say (never a pass)');
    expect(folded.split('</details>')[0]).toContain('| cannot say | age under 25: roc_auc |');
    expect(page.text.split('1 that passed')[1]).not.toContain('age under 25');
  });

  test('it reads without images, and with images the text form is folded beside them', () => {
    expect(page.text).toContain('```\n');
    const image = { id: 'roc_auc', light: 'l.svg', dark: 'd.svg', width: 860, alt: 'Female −0.153' };
    const drawn = checkRunMarkdown(result(findings), report([]), { images: [image] }).text;
    expect(drawn).toContain('<source media="(prefers-color-scheme: dark)" srcset="d.svg">');
    expect(drawn).toContain('<details><summary>The same as text</summary>');
  });

  test('it stays within GitHub’s limits however much is found, and says what it left out', () => {
    const many = Array.from({ length: 3000 }, (_, i) =>
      finding('fail', 'blocking', {
        id: `golden/line-${i}`,
        reason: 'x'.repeat(2000),
        at: { file: 'm.yaml', line: i + 1 },
      }),
    );
    const full = checkRunMarkdown(result(many, { title: 'y'.repeat(999) }), report([]), {
      report: 'https://s.example/p/1',
    });
    expect(full.title.length).toBeLessThanOrEqual(TITLE_LIMIT);
    expect(Buffer.byteLength(full.text)).toBeLessThanOrEqual(SUMMARY_LIMIT);
    expect(Buffer.byteLength(full.summary)).toBeLessThanOrEqual(SUMMARY_LIMIT);
    expect(full.text).toContain('Left out, since it does not fit here: findings that failed (3000)');
    expect(full.text).toContain('### What to do');
    expect(full.text).toContain('[Full report](https://s.example/p/1)');
    expect(full.annotations).toHaveLength(ANNOTATION_LIMIT);
  });

  test('beside the cohort that decided stand the other values of its column, and everyone', () => {
    const everyone = finding('pass', 'blocking', {
      measured: { ...overall(0.041), n: 7000 },
    });
    const ids = (name: string) => name.replaceAll(' ', '');
    const named = findings.map((each) => ({ ...each, id: ids(each.id) }));
    const all = [result(named), result([everyone], { name: 'baseline' })];
    const { summary } = checkRunMarkdown(result(named), report(all));
    const [decided = '', rest = ''] = summary.split('sex = Male');
    expect(decided).toContain('**sex = Female: roc_auc**');
    expect(rest).toContain('everyone: roc_auc');
    expect(summary).not.toContain('age under 25');
  });

  test('another yardstick than the champion has a table of its own', () => {
    const trivial = finding('pass', 'advisory', {
      id: 'baseline/trivial/roc_auc',
      measured: { ...overall(0.3), against: 'always guessing' },
    });
    const { text } = checkRunMarkdown(result([trivial], { name: 'baseline' }), report([]));
    expect(text).toContain('| always guessing |');
    expect(text).not.toContain('champion 1.0.0');
  });

  test('where nobody can say, the rows that would decide stand beside', () => {
    const open = finding('inconclusive', 'blocking', {
      measured: { ...cohort('x', -0.02, 0.1, 'inconclusive').measured, rowsThatWouldDecide: 41_000 },
    });
    expect(checkRunMarkdown(result([open]), report([])).text).toContain('about\u00a041,000');
  });

  test('of the comparisons those are drawn that failed', () => {
    const more = ['a', 'b'].map((name) => ({
      ...cohort(name, 0.05, 0.01, 'pass'),
      measured: { ...cohort(name, 0.05, 0.01, 'pass').measured, metric: 'f1' },
    }));
    expect(shownFigures(result([...more, ...findings])).map(({ id }) => id)).toEqual(['roc_auc']);
  });

  test('annotations stand only on findings that did not pass and know their line', () => {
    const at = { file: 'models/income/model.yaml', line: 24 };
    const { annotations } = checkRunMarkdown(
      result([
        finding('pass', 'blocking', { at }),
        finding('fail'),
        finding('fail', 'blocking', { at }),
        finding('fail', 'advisory', { at }),
      ]),
      report([]),
    );
    expect(annotations.map(({ level, line }) => [level, line])).toEqual([
      ['failure', 24],
      ['notice', 24],
    ]);
  });

  test('what to do ends with how to waive, and a pass asks for nothing', () => {
    expect(page.text).toContain('`/waive cohorts until <date> because <why>`');
    const passed = checkRunMarkdown(result([cohort('sex = Male', 0.079, 0.015, 'pass')]), report([]));
    expect(passed.text).not.toContain('What to do');
  });
});

test('the whole report lists checks worst first and opens only those that did not pass', () => {
  const text = reportMarkdown(
    report([result([finding('pass')], { name: 'artifact', title: 'digest as declared' }), result([finding('fail')])]),
  );
  expect(text).toMatch(/^## income 2\.0\.0: failed\n/);
  expect(text.indexOf('| **failed** | cohorts')).toBeLessThan(text.indexOf('| passed | artifact'));
  expect(text).toContain('<details><summary>artifact: passed</summary>');
});
