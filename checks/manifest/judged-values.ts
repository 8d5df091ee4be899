import type { Held, Margins } from './directions.ts';
import { durationMs } from './duration.ts';
import type { Manifest, MetricRule } from './manifest.ts';
import { cohortMarginFactor, defaultMetrics, metricFacts, tasksOf, type Task } from './metric-defaults.ts';
import { pointerOf } from './pointer.ts';

/** The values by which a manifest judges, by pointer; list entries by name, so that their order does not matter. */
export type JudgedValues = ReadonlyMap<string, Held>;

/** How a cohort column without bins is split. */
export const eachValue = 'each value';

/** `task` decides what the default metrics are. */
export function judgedValuesOf(manifest: Manifest, task: Task): JudgedValues {
  const { evaluation, drift, reproducibility, performance, replay, readiness, impact, rollout, baseline } = manifest;
  const values: readonly (readonly [string, Held | undefined])[] = [
    ['/baseline', typeof baseline === 'string' ? baseline : `version ${baseline.version}`],
    ['/evaluation/label', evaluation.label],
    ['/evaluation/key', evaluation.key],
    ['/evaluation/goldens', evaluation.goldens],
    ['/evaluation/corners', evaluation.corners],
    ...rulesOf(manifest, task).flatMap(metricValues),
    ...cohortValues(manifest),
    ...named('/evaluation/cohortGap', evaluation.cohortGap),
    ['/drift/alpha', drift.alpha],
    ...named('/drift/effect', drift.effect),
    ['/drift/reference', drift.reference?.sha256],
    ['/drift/window', drift.windowMs],
    ...named('/reproducibility/tolerance', reproducibility.tolerance),
    ...Object.entries(manifest.columns).flatMap(([name, column]): (readonly [string, Held])[] => [
      [pointerOf(['columns', name, 'protected']), column.protected],
      [pointerOf(['columns', name, 'pii']), column.pii],
    ]),
    ...named('/performance', performance ?? {}),
    ['/replay/flips', replay?.flips],
    ['/readiness/minimum', readiness?.minimum],
    ...(impact === undefined ? [] : impactValues(impact)),
    ...named('/rollout/analysis', {
      ...rollout.analysis,
      feedback: rollout.analysis.feedback === undefined ? undefined : true,
    }),
    ['/rollout/analysis/feedback/metric', rollout.analysis.feedback?.metric],
    ['/rollout/analysis/feedback/margin', rollout.analysis.feedback?.margin],
    ['/rollout/minimum', rollout.minimum],
    ['/rollout/onInsufficient', rollout.onInsufficient],
    ['/rollout/onFail', rollout.onFail],
  ];
  return new Map(values.flatMap(([pointer, held]) => (held === undefined || held === false ? [] : [[pointer, held]])));
}

/** The metrics that judge: the manifest's own, else the task's default ones. */
function rulesOf({ evaluation }: Manifest, task: Task): readonly MetricRule[] {
  return evaluation.metrics.length > 0 ? evaluation.metrics : defaultMetrics[task].map((name) => ({ name }));
}

function metricValues(rule: MetricRule): (readonly [string, Held | undefined])[] {
  const pointer = `/evaluation/metrics/${rule.name}`;
  const margin = marginsOf(rule.margin, rule.marginShare) ?? defaultMarginsOf(rule, 1);
  const ofMargin = { ...scaled(margin, cohortMarginFactor) };
  return [
    [pointer, true],
    [`${pointer}/min`, rule.min],
    [`${pointer}/max`, rule.max],
    [`${pointer}/margin`, margin],
    [`${pointer}/cohortMargin`, marginsOf(rule.cohortMargin, rule.cohortMarginShare) ?? ofMargin],
  ];
}

function marginsOf(absolute: number | undefined, relative: number | undefined): Margins | undefined {
  if (absolute === undefined && relative === undefined) return undefined;
  return { ...(absolute === undefined ? {} : { absolute }), ...(relative === undefined ? {} : { relative }) };
}

function defaultMarginsOf(rule: MetricRule, factor: number): Margins {
  const { kind, value } = metricFacts[rule.name].margin;
  return { [kind]: value * factor };
}

function scaled({ absolute, relative }: Margins, factor: number): Margins {
  return (
    marginsOf(
      absolute === undefined ? undefined : absolute * factor,
      relative === undefined ? undefined : relative * factor,
    ) ?? {}
  );
}

/** A protected column is a cohort by itself; how it is split is only held when the manifest says it. */
function cohortValues({ evaluation, columns }: Manifest): readonly (readonly [string, Held])[] {
  const implied = Object.entries(columns).flatMap(([name, column]): (readonly [string, Held])[] =>
    column.protected ? [[pointerOf(['evaluation', 'cohorts', name]), true]] : [],
  );
  const declared = evaluation.cohorts.flatMap(({ column, bins }): (readonly [string, Held])[] => [
    [pointerOf(['evaluation', 'cohorts', column]), true],
    [pointerOf(['evaluation', 'cohorts', column, 'bins']), bins ?? eachValue],
  ]);
  // Declared ones first: the judged manifest keeps their order, and with it their places in the file.
  return [...declared, ...implied];
}

function impactValues(impact: NonNullable<Manifest['impact']>): readonly (readonly [string, Held | undefined])[] {
  return [
    ['/impact', true],
    ['/impact/severity', impact.severity],
    ['/impact/reversible', impact.reversible === undefined ? undefined : String(impact.reversible)],
    ...impact.personalData.map((column) => [pointerOf(['impact', 'personalData', column]), true] as const),
    ...impact.mitigations.map((text) => [pointerOf(['impact', 'mitigations', text]), true] as const),
    ['/impact/retention', impact.retention === undefined ? undefined : durationMs(impact.retention)],
    ['/impact/decision', impact.decision],
    ['/impact/affected', impact.affected],
    ['/impact/lawfulBasis', impact.lawfulBasis],
  ];
}

function named(
  pointer: string,
  values: Readonly<Record<string, number | boolean | undefined>>,
): readonly (readonly [string, Held | undefined])[] {
  return Object.entries(values).map(([name, value]) => [pointer + pointerOf([name]), value]);
}

/** The task as far as the manifests tell it: declared, or told by the metrics, the classes, the threshold; else binary. */
export function taskOf(...manifests: readonly (Manifest | undefined)[]): Task {
  const known = manifests.flatMap((manifest) => (manifest === undefined ? [] : [manifest]));
  for (const { outputs } of known) if (outputs.task !== undefined) return outputs.task;
  for (const { outputs, evaluation } of known) {
    if (outputs.threshold !== undefined) return 'binary';
    if (outputs.classes !== undefined) return outputs.classes.length === 2 ? 'binary' : 'multiclass';
    const told = evaluation.metrics.map(({ name }) => onlyTaskOf(name)).find((task) => task !== undefined);
    if (told !== undefined) return told;
  }
  return 'binary';
}

/** The task of a metric that only makes sense for one. */
function onlyTaskOf(metric: MetricRule['name']): Task | undefined {
  const [task, ...others] = tasksOf(metric);
  return others.length === 0 ? task : undefined;
}
