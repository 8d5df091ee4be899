import type { Check } from './check.ts';
import type { Evidence, Repeat } from './evidence/evidence.ts';
import { decidingFinding, fail, inconclusive, missingFinding, notApplicable, pass } from './finding.ts';
import type { MetricRule } from './manifest/manifest.ts';
import { metricValue } from './metrics/metric-value.ts';
import { countText, plural } from './report/format.ts';
import type { Finding } from './report/report.ts';
import { retrainingFindings } from './reproducibility/retraining.ts';

/** Same answers to the same questions, the claimed metrics again, and training that somebody else could repeat. */
export const reproducibility: Check = {
  name: 'reproducibility',
  asks: 'Do the same inputs give the same outputs across runs, processes, threads, batch sizes and graph optimisation; do the claimed metrics come out again; was training pinned; does training give it again?',
  judge(evidence) {
    const findings = [
      ...repeatFindings(evidence),
      ...claimFindings(evidence),
      trainingFinding(evidence),
      ...retrainingFindings(evidence),
    ];
    return { findings, title: titleOf(findings, evidence), method: METHOD };
  },
};

const METHOD = [
  'Up to 300 evaluation rows are asked again: three times in one session, in two new processes, with two threads, in batches of seven, and without graph optimisation.',
  'Two answers are the same when they differ by at most absolute + relative · |first| (reproducibility.tolerance).',
  'A second training gives the model again when every answer to the evaluation rows is the same within the tolerance; metrics of both are compared by the paired interval of `baseline`.',
  'A claimed metric is right when it differs from the recomputed one by at most half a unit of its last decimal plus the tolerance.',
];

function titleOf(findings: readonly Finding[], { repeats }: Evidence): string {
  const worst = decidingFinding(findings);
  if (
    worst !== undefined &&
    worst.severity === 'blocking' &&
    (worst.verdict === 'fail' || worst.verdict === 'inconclusive')
  )
    return worst.reason;
  const exact = repeats.kind === 'gathered' && repeats.value.every(({ bitEqual }) => bitEqual);
  const claims = findings.filter(({ id }) => id.startsWith('reproducibility/claimed/')).length;
  return `the same answers ${exact ? 'bit for bit' : 'within the tolerance'} in every repetition${claims === 0 ? '' : `, and ${plural(claims, 'claimed metric')} again`}`;
}

const WHERE: Readonly<Record<Repeat['condition'], string>> = {
  'same session': 'when one session is asked three times',
  'new process': 'in a new process',
  'other threads': 'with two threads',
  'other batch size': 'in batches of another size',
  'no graph optimisation': 'without graph optimisation',
};

function repeatFindings(evidence: Evidence): readonly Finding[] {
  const { repeats } = evidence;
  if (repeats.kind === 'missing') return [missingFinding('reproducibility', 'repeats', repeats)];
  return repeats.value.map((repeat) => repeatFinding(repeat, evidence));
}

function repeatFinding(repeat: Repeat, { proposal, corners }: Evidence): Finding {
  const { condition, rows, bitEqual, maxAbsolute, maxRelative, beyondTolerance, flips, error } = repeat;
  const { relative, absolute } = proposal.manifest.reproducibility.tolerance;
  const id = `reproducibility/${condition.replaceAll(' ', '-')}`;
  const where = WHERE[condition];
  const measured = {
    rows,
    bitEqual,
    maxAbsolute,
    maxRelative,
    beyondTolerance,
    flips,
    tolerance: { relative, absolute },
  };
  const at = proposal.place('/artifact');
  // `golden` owns the question whether a row's answer depends on its neighbours; one blame is enough.
  const advisory =
    condition === 'other batch size' &&
    corners.kind === 'gathered' &&
    corners.value.some(({ kind }) => kind === 'batch');
  if (error !== undefined)
    return inconclusive(id, `it could not be asked ${where}: ${error}`, measured, { at, advisory });
  if (beyondTolerance > 0)
    return fail(
      id,
      `answers differ ${where}: ${countText(beyondTolerance)} scores of ${plural(rows, 'row')} beyond the tolerance, at most by ${maxAbsolute.toPrecision(3)}; ${plural(flips, 'decision')} change`,
      measured,
      { at, advisory, next: nextOf(condition) },
    );
  if (flips > 0)
    return fail(
      id,
      `${plural(flips, 'decision')} of ${plural(rows, 'row')} change ${where}, though no score differs beyond the tolerance`,
      measured,
      {
        at,
        advisory: true,
        next: 'Scores lie on the threshold; nothing needs to be done unless each decision counts.',
      },
    );
  return pass(
    id,
    bitEqual
      ? `bit for bit the same ${where}, ${plural(rows, 'row')}`
      : `the same within the tolerance ${where}, ${plural(rows, 'row')}, at most ${maxAbsolute.toPrecision(2)} apart`,
    measured,
  );
}

function nextOf(condition: Repeat['condition']): string {
  if (condition === 'no graph optimisation')
    return 'The optimiser hides what the graph does: export it for inference, without Dropout in training mode.';
  return condition === 'other batch size'
    ? 'Make each row independent of the others, or say serving: { maxBatch: 1 }.'
    : 'Export the graph without operators that draw random numbers (see artifact/random).';
}

function claimFindings(evidence: Evidence): readonly Finding[] {
  const { candidate, evaluation, proposal } = evidence;
  const claimed = proposal.manifest.evaluation.metrics.filter((rule) => rule.claimed !== undefined);
  if (claimed.length === 0) return [notApplicable('reproducibility/claimed', 'the manifest claims no metric')];
  if (candidate.kind === 'missing') return [missingFinding('reproducibility', 'claimed', candidate)];
  if (evaluation.kind === 'missing') return [missingFinding('reproducibility', 'claimed', evaluation)];
  return claimed.map((rule) =>
    claimFinding(rule, evidence, metricValue(rule.name, candidate.value, evaluation.value.labels)),
  );
}

function claimFinding(
  { name, claimed = NaN }: MetricRule,
  { proposal }: Evidence,
  computed: ReturnType<typeof metricValue>,
): Finding {
  const id = `reproducibility/claimed/${name}`;
  const at = proposal.place(
    `/evaluation/metrics/${proposal.manifest.evaluation.metrics.findIndex((rule) => rule.name === name)}/claimed`,
  );
  if (computed.kind === 'undefined')
    return inconclusive(
      id,
      `the claimed ${name} cannot be recomputed: ${computed.reason}`,
      { claimed, n: computed.n },
      { at },
    );
  const { relative, absolute } = proposal.manifest.reproducibility.tolerance;
  const allowed = claimTolerance(claimed, { relative, absolute });
  const difference = claimed - computed.value;
  const measured = { metric: name, claimed, computed: computed.value, difference, allowed, n: computed.n };
  const rounded = computed.value.toPrecision(6);
  return Math.abs(difference) <= allowed
    ? pass(id, `the claimed ${name} ${claimed} comes out again: ${rounded}`, measured)
    : fail(
        id,
        `${name} was claimed as ${claimed} and comes out as ${rounded} on the same ${plural(computed.n, 'row')}`,
        measured,
        {
          at,
          next: `Write what was measured: claimed: ${Number(computed.value.toFixed(4))}; or find out what was measured instead.`,
        },
      );
}

/** Half a unit of the claim's last decimal, since claims are rounded, and the tolerance between runs. */
export function claimTolerance(
  claimed: number,
  tolerance: { readonly relative: number; readonly absolute: number },
): number {
  const decimals = /\.(\d+)$/.exec(String(claimed))?.[1]?.length ?? 0;
  const half = 0.5 * 10 ** -Math.max(decimals, LEAST_DECIMALS);
  return half + tolerance.absolute + tolerance.relative * Math.abs(claimed);
}

/** A claim of 1 is no claim of anything between 0.5 and 1.5. */
const LEAST_DECIMALS = 2;

/** What somebody else needs to train this model again. */
function trainingFinding({ proposal }: Evidence): Finding {
  const { training } = proposal.manifest.reproducibility;
  const pinned = {
    commit: training?.commit !== undefined,
    repository: training?.repository !== undefined,
    command: training?.command !== undefined,
    lockfile: training?.lockfile !== undefined,
    data: (training?.data.length ?? 0) > 0,
    seed: training?.seed !== undefined,
  };
  const lacking = Object.entries(pinned).flatMap(([name, there]) => (there ? [] : [name]));
  const id = 'reproducibility/training';
  if (lacking.length === 0)
    return pass(id, 'training is pinned: commit, repository, command, lockfile, data and seed', pinned);
  return fail(
    id,
    `nobody else could train it again: reproducibility.training does not say ${lacking.join(', ')}`,
    pinned,
    {
      at: proposal.place('/reproducibility/training'),
      advisory: true,
      next: 'Write under reproducibility.training what it was trained with.',
    },
  );
}
