import { type Held, isList, marginsOf } from './directions.ts';
import { durationText } from './duration.ts';
import { floorOf } from './floor.ts';
import { type JudgedValues, judgedValuesOf, taskOf } from './judged-values.ts';
import { looseningsUnder } from './loosened.ts';
import type { CohortRule, Impact, Manifest, ManifestColumn, MetricName, MetricRule } from './manifest.ts';
import { metricFacts, type Task } from './metric-defaults.ts';
import { pointerOf, segmentsOf } from './pointer.ts';
import type { Policy } from './policy.ts';
import { tighteningOf } from './tightening.ts';

/**
 * The manifest that the other checks judge by: each value the strictest of policy, default branch and proposal.
 *
 * `waived` holds ids of `manifest/loosened/…` findings that someone let pass: there the proposal's own value counts. The
 * drift reference may be the default branch's: its file is then read from that tree.
 */
export function judgedManifest(
  proposal: Manifest,
  base: Manifest | undefined,
  policy: Policy,
  { task, waived = [] }: { readonly task?: Task; readonly waived?: readonly string[] } = {},
): Manifest {
  const known = task ?? taskOf(base, proposal);
  const floor = floorOf(base, policy, known);
  const own = judgedValuesOf(proposal, known);
  const excused = looseningsUnder(proposal, floor, known)
    .filter(({ id }) => waived.includes(id))
    .map(({ pointer }) => pointer);
  const isExcused = (pointer: string) => excused.some((one) => pointer === one || pointer.startsWith(`${one}/`));
  const judged = new Map(own);
  for (const [pointer, { value }] of floor) {
    if (!isExcused(pointer)) judged.set(pointer, tighteningOf(pointer).direction.strictest(value, own.get(pointer)));
  }
  return withValues(proposal, base, own, judged);
}

function withValues(proposal: Manifest, base: Manifest | undefined, own: JudgedValues, judged: JudgedValues): Manifest {
  const { evaluation, drift, rollout, impact, performance } = proposal;
  const number = (pointer: string) => numberOf(judged.get(pointer));
  const text = (pointer: string) => textOf(judged.get(pointer));
  const goldens = text('/evaluation/goldens');
  const key = text('/evaluation/key');
  const reference = [drift.reference, base?.drift.reference].find(
    (candidate) => candidate?.sha256 === judged.get('/drift/reference'),
  );
  const budgets = numbersUnder('/performance', judged);
  const flips = number('/replay/flips');
  const minimum = number('/readiness/minimum');
  return {
    ...proposal,
    baseline: baselineOf(text('/baseline')),
    columns: columnsOf(proposal, judged),
    evaluation: {
      ...evaluation,
      label: text('/evaluation/label') ?? evaluation.label,
      ...(key === undefined ? {} : { key }),
      ...(goldens === undefined ? {} : { goldens }),
      corners: judged.get('/evaluation/corners') === true,
      metrics: isSameUnder('/evaluation/metrics', own, judged)
        ? evaluation.metrics
        : metricsOf(evaluation.metrics, judged),
      cohorts: cohortsOf(judged),
      cohortGap: numbersUnder('/evaluation/cohortGap', judged),
    },
    reproducibility: {
      ...proposal.reproducibility,
      tolerance: {
        relative: number('/reproducibility/tolerance/relative') ?? proposal.reproducibility.tolerance.relative,
        absolute: number('/reproducibility/tolerance/absolute') ?? proposal.reproducibility.tolerance.absolute,
      },
    },
    drift: {
      ...(reference === undefined ? {} : { reference }),
      windowMs: number('/drift/window') ?? drift.windowMs,
      alpha: number('/drift/alpha') ?? drift.alpha,
      effect: numbersUnder('/drift/effect', judged),
    },
    ...(performance === undefined && Object.keys(budgets).length === 0
      ? {}
      : { performance: { ...performance, ...budgets } }),
    ...(flips === undefined ? {} : { replay: { flips } }),
    ...(minimum === undefined ? {} : { readiness: { minimum } }),
    ...(judged.get('/impact') === true ? { impact: impactOf(impact, judged) } : {}),
    rollout: { ...rollout, ...rolloutOf(rollout, judged) },
  };
}

function baselineOf(held: string | undefined): Manifest['baseline'] {
  if (held === undefined || held === 'production') return 'production';
  return held === 'simple' ? 'simple' : { version: held.replace(/^version /, '') };
}

function columnsOf({ columns }: Manifest, judged: JudgedValues): Manifest['columns'] {
  const names = new Set([...Object.keys(columns), ...namesUnder('/columns', judged)]);
  const entries = [...names].map((name): [string, ManifestColumn] => {
    const flag = (which: string) => judged.get(pointerOf(['columns', name, which])) === true;
    return [name, { ...columns[name], protected: flag('protected'), pii: flag('pii') }];
  });
  return Object.fromEntries(entries);
}

function metricsOf(own: readonly MetricRule[], judged: JudgedValues): readonly MetricRule[] {
  return namesUnder('/evaluation/metrics', judged)
    .filter(isMetricName)
    .map((name) => {
      const pointer = `/evaluation/metrics/${name}`;
      const number = (which: string) => numberOf(judged.get(`${pointer}/${which}`));
      const { absolute: margin, relative: marginShare } = marginsOf(judged.get(`${pointer}/margin`));
      const { absolute: cohortMargin, relative: cohortMarginShare } = marginsOf(judged.get(`${pointer}/cohortMargin`));
      const claimed = own.find((rule) => rule.name === name)?.claimed;
      return withoutUndefined({
        name,
        min: number('min'),
        max: number('max'),
        margin,
        marginShare,
        cohortMargin,
        cohortMarginShare,
        claimed,
      });
    });
}

function cohortsOf(judged: JudgedValues): readonly CohortRule[] {
  return namesUnder('/evaluation/cohorts', judged).flatMap((column): readonly CohortRule[] => {
    const bins = judged.get(pointerOf(['evaluation', 'cohorts', column, 'bins']));
    const isImplied = bins === undefined;
    if (isImplied && judged.get(pointerOf(['columns', column, 'protected'])) === true) return [];
    return [isList(bins) ? { column, bins } : { column }];
  });
}

function impactOf(own: Impact | undefined, judged: JudgedValues): Impact {
  const text = (which: string) => textOf(judged.get(`/impact/${which}`));
  const retention = numberOf(judged.get('/impact/retention'));
  const reversible = text('reversible');
  return withoutUndefined({
    ...own,
    severity: severityOf(text('severity')),
    personalData: namesUnder('/impact/personalData', judged),
    mitigations: namesUnder('/impact/mitigations', judged),
    reversible: reversible === undefined ? undefined : reversible === 'true',
    retention: retention === undefined ? undefined : durationText(retention),
    decision: text('decision'),
    affected: text('affected'),
    lawfulBasis: text('lawfulBasis'),
  });
}

function severityOf(held: string | undefined): Impact['severity'] {
  return held === 'moderate' || held === 'high' || held === 'critical' ? held : 'low';
}

function rolloutOf(
  own: Manifest['rollout'],
  judged: JudgedValues,
): Pick<Manifest['rollout'], 'analysis' | 'minimum' | 'onInsufficient' | 'onFail'> {
  const number = (which: string) => numberOf(judged.get(`/rollout/${which}`));
  const metric = textOf(judged.get('/rollout/analysis/feedback/metric'));
  const margin = number('analysis/feedback/margin');
  const onInsufficient = textOf(judged.get('/rollout/onInsufficient'));
  return {
    analysis: withoutUndefined({
      errors: number('analysis/errors') ?? own.analysis.errors,
      latency: number('analysis/latency') ?? own.analysis.latency,
      predictions: number('analysis/predictions'),
      disagreement: number('analysis/disagreement') ?? own.analysis.disagreement,
      feedback: metric === undefined || margin === undefined ? undefined : { metric, margin },
    }),
    minimum: number('minimum') ?? own.minimum,
    onInsufficient: onInsufficient === 'promote' || onInsufficient === 'abort' ? onInsufficient : 'hold',
    onFail: judged.get('/rollout/onFail') === 'hold' ? 'hold' : 'abort',
  };
}

/** The names that stand directly below a pointer, in the order in which they were first held. */
function namesUnder(pointer: string, values: JudgedValues): readonly string[] {
  const depth = segmentsOf(pointer).length;
  const below = [...values.keys()].filter((key) => key.startsWith(`${pointer}/`));
  return [...new Set(below.flatMap((key) => segmentsOf(key)[depth] ?? []))];
}

function numbersUnder(pointer: string, values: JudgedValues): Readonly<Record<string, number>> {
  const entries = namesUnder(pointer, values).flatMap((name): [string, number][] => {
    const value = values.get(pointer + pointerOf([name]));
    return typeof value === 'number' ? [[name, value]] : [];
  });
  return Object.fromEntries(entries);
}

function isSameUnder(pointer: string, own: JudgedValues, judged: JudgedValues): boolean {
  const below = (values: JudgedValues) => [...values].filter(([key]) => key.startsWith(`${pointer}/`));
  const before = new Map(below(own));
  const after = below(judged);
  return (
    before.size === after.length &&
    after.every(([key, value]) => JSON.stringify(before.get(key)) === JSON.stringify(value))
  );
}

function numberOf(held: Held | undefined): number | undefined {
  return typeof held === 'number' ? held : undefined;
}
function textOf(held: Held | undefined): string | undefined {
  return typeof held === 'string' ? held : undefined;
}
function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricFacts, name);
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: T[K] } {
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined)) as T;
}
