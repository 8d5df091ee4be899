import { climb, type Direction, fall, keep, narrow, refine, remain, rise, stay } from './directions.ts';
import { segmentsOf } from './pointer.ts';

/** One field of a manifest that judges models, so that a proposal may only tighten it. */
export interface Tightening {
  /** Where it stands; list entries by name: `/evaluation/metrics/roc_auc/margin`. `*` is any one name. */
  readonly pointer: string;
  readonly direction: Direction;
  /** What may become of it, in words. */
  readonly may: string;
}

/**
 * "A proposal may only tighten": every field that this holds for, how it is ordered, and the sentence that a person reads.
 * docs/manifest.md prints this table.
 */
export const tightening: readonly Tightening[] = [
  {
    pointer: '/baseline',
    direction: climb('simple', 'version', 'production'),
    may: 'the baseline may only become stronger: simple, then a version, then production',
  },
  { pointer: '/evaluation/label', direction: stay, may: 'the label may not change' },
  {
    pointer: '/evaluation/key',
    direction: stay,
    may: 'the key may not change or go: rows of one key would count as independent',
  },
  { pointer: '/evaluation/goldens', direction: stay, may: 'the goldens may not go' },
  { pointer: '/evaluation/corners', direction: remain, may: 'corner cases may not be left out' },
  {
    pointer: '/evaluation/metrics/*',
    direction: remain,
    may: 'a metric may not go, nor one of the default set be replaced',
  },
  { pointer: '/evaluation/metrics/*/min', direction: rise, may: 'a floor may only rise' },
  { pointer: '/evaluation/metrics/*/max', direction: fall, may: 'a ceiling may only fall' },
  {
    pointer: '/evaluation/metrics/*/margin',
    direction: narrow,
    may: 'a margin may only become narrower; one that is left out counts as its default',
  },
  {
    pointer: '/evaluation/metrics/*/cohortMargin',
    direction: narrow,
    may: "a cohort's margin may only become narrower; one that is left out counts as four margins",
  },
  { pointer: '/evaluation/cohorts/*', direction: remain, may: 'a cohort column may not go' },
  { pointer: '/evaluation/cohorts/*/bins', direction: refine, may: 'bins may only become finer: each edge stays' },
  { pointer: '/evaluation/cohortGap/*', direction: fall, may: 'a gap between cohorts may only become smaller' },
  { pointer: '/drift/alpha', direction: rise, may: 'alpha may only rise: a smaller one overlooks more drift' },
  { pointer: '/drift/effect/*', direction: fall, may: 'the smallest shift that matters may only fall' },
  { pointer: '/drift/reference', direction: stay, may: 'the reference may not change or go' },
  { pointer: '/drift/window', direction: stay, may: 'the window may not change' },
  { pointer: '/reproducibility/tolerance/*', direction: fall, may: 'a tolerance may only fall' },
  { pointer: '/columns/*/protected', direction: remain, may: 'a protected column stays protected' },
  { pointer: '/columns/*/pii', direction: remain, may: 'a pii column stays pii' },
  { pointer: '/performance/*', direction: fall, may: 'a budget may only fall, and may not go' },
  {
    pointer: '/replay/flips',
    direction: fall,
    may: 'the share of decisions that may change may only fall, and may not go',
  },
  { pointer: '/readiness/minimum', direction: rise, may: 'the least score may only rise, and may not go' },
  { pointer: '/impact', direction: remain, may: 'the impact matrix may not go' },
  {
    pointer: '/impact/severity',
    direction: climb('low', 'moderate', 'high', 'critical'),
    may: 'the severity may only rise',
  },
  {
    pointer: '/impact/reversible',
    direction: climb('true', 'false'),
    may: 'harm that cannot be undone may not become harm that can',
  },
  { pointer: '/impact/personalData/*', direction: remain, may: 'personal data stay declared' },
  { pointer: '/impact/mitigations/*', direction: remain, may: 'a mitigation may not go' },
  { pointer: '/impact/retention', direction: fall, may: 'the retention may only become shorter' },
  { pointer: '/impact/decision', direction: keep, may: 'the decision stays declared' },
  { pointer: '/impact/affected', direction: keep, may: 'those affected stay declared' },
  { pointer: '/impact/lawfulBasis', direction: keep, may: 'the lawful basis stays declared' },
  {
    pointer: '/rollout/analysis/errors',
    direction: fall,
    may: 'the tolerated difference of error rates may only fall',
  },
  { pointer: '/rollout/analysis/latency', direction: fall, may: 'the tolerated ratio of latencies may only fall' },
  {
    pointer: '/rollout/analysis/predictions',
    direction: fall,
    may: 'the tolerated shift of predictions may only fall, and may not go',
  },
  {
    pointer: '/rollout/analysis/disagreement',
    direction: fall,
    may: 'the tolerated disagreement in shadow may only fall',
  },
  { pointer: '/rollout/analysis/feedback', direction: remain, may: 'the analysis of feedback may not go' },
  { pointer: '/rollout/analysis/feedback/metric', direction: stay, may: "the feedback's metric may not change" },
  { pointer: '/rollout/analysis/feedback/margin', direction: fall, may: "the feedback's margin may only fall" },
  { pointer: '/rollout/minimum', direction: rise, may: 'the requests that a step must see may only become more' },
  {
    pointer: '/rollout/onInsufficient',
    direction: climb('promote', 'hold', 'abort'),
    may: 'too little traffic may only be answered more strictly: promote, then hold, then abort',
  },
  {
    pointer: '/rollout/onFail',
    direction: climb('hold', 'abort'),
    may: 'a failed analysis may only be answered more strictly: hold, then abort',
  },
];

/** The row that a value's pointer falls under. Throws for a value that no row knows: a value is judged or it is not held. */
export function tighteningOf(pointer: string): Tightening {
  const segments = segmentsOf(pointer);
  const row = tightening.find((candidate) => {
    const pattern = segmentsOf(candidate.pointer);
    return (
      pattern.length === segments.length && pattern.every((part, index) => part === '*' || part === segments[index])
    );
  });
  if (row === undefined) throw new Error(`no row of the table of tightenings is for ${pointer}`);
  return row;
}
