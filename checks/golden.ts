import type { Check } from './check.ts';
import type { CornerOutcome, Evidence, GoldenOutcome } from './evidence/evidence.ts';
import { decidingFinding, fail, inconclusive, missingFinding, notApplicable, pass } from './finding.ts';
import { countText, plural } from './report/format.ts';
import type { Finding, MeasuredValue } from './report/report.ts';

/** Do recorded examples and corner cases come out right. */
export const golden: Check = {
  name: 'golden',
  asks: 'Do recorded examples and corner cases come out right: missing values, extremes, unseen categories, an empty batch, one row against many, NaN and infinity?',
  judge(evidence) {
    const findings = [...goldenFindings(evidence), ...cornerFindings(evidence)];
    return { findings, title: titleOf(findings, evidence), method: METHOD };
  },
};

const METHOD = [
  'Each golden is answered alone; a score is right within its tolerance, a class when it is the same.',
  'Corners bend eight real rows, one column at a time, at most 200 columns; an answer that is no number fails where the manifest or the data say that such a value comes, and is told elsewhere.',
];

function titleOf(findings: readonly Finding[], evidence: Evidence): string {
  const worst = decidingFinding(findings);
  if (
    worst !== undefined &&
    worst.severity === 'blocking' &&
    (worst.verdict === 'fail' || worst.verdict === 'inconclusive')
  )
    return worst.reason;
  const goldens = evidence.goldens.kind === 'gathered' ? evidence.goldens.value.length : 0;
  const corners = evidence.corners.kind === 'gathered' ? evidence.corners.value : [];
  const told = corners.filter(isTold).length;
  const right = [
    ...(goldens > 0 ? [plural(goldens, 'golden')] : []),
    ...(corners.length > 0 ? [plural(corners.length - told, 'corner case')] : []),
  ];
  if (right.length === 0) return 'no goldens are named, and no corner case could be tried';
  return `${right.join(' and ')} come out right${told === 0 ? '' : `; ${told} more, which nothing says will come, ${told === 1 ? 'does' : 'do'} not`}`;
}

function goldenFindings({ goldens, proposal }: Evidence): readonly Finding[] {
  const { goldens: file } = proposal.manifest.evaluation;
  if (file === undefined) return [notApplicable('golden/examples', 'the manifest names no goldens')];
  const at = proposal.place('/evaluation/goldens');
  if (goldens.kind === 'missing') return [missingFinding('golden', 'examples', { ...goldens, at })];
  const wrong = goldens.value.flatMap((outcome) => {
    const why = wrongness(outcome);
    return why === undefined ? [] : [{ outcome, why }];
  });
  if (wrong.length === 0)
    return [
      pass('golden/examples', `all ${countText(goldens.value.length)} goldens come out as expected`, {
        goldens: goldens.value.length,
      }),
    ];
  return wrong.map(({ outcome, why }) =>
    fail(
      `golden/line-${outcome.line}`,
      `line ${outcome.line}${outcome.why === undefined ? '' : ` (${outcome.why})`}: ${why}`,
      measuredOf(outcome),
      {
        at,
        next: 'If the new answer is right, change what the golden expects; a reviewer sees it in the diff.',
      },
    ),
  );
}

/** Why a golden did not come out right; undefined when it did. */
function wrongness({ error, expected, found, tolerance }: GoldenOutcome): string | undefined {
  if (error !== undefined) return error;
  if (found === undefined) return 'it was not answered';
  if (expected.class !== undefined && String(expected.class) !== String(found.class))
    return `class ${String(found.class)} was answered, ${String(expected.class)} expected`;
  if (expected.score === undefined) return undefined;
  const [wanted, got] = [[expected.score].flat(), [found.score].flat()];
  if (wanted.length !== got.length) return `${got.length} scores were answered, ${wanted.length} expected`;
  const at = wanted.findIndex((score, k) => !(Math.abs(score - (got[k] ?? NaN)) <= tolerance));
  return at === -1 ? undefined : `score ${got[at]} was answered, ${wanted[at]} ± ${tolerance} expected`;
}

function measuredOf({ expected, found, tolerance }: GoldenOutcome): Finding['measured'] {
  const side = (answer: GoldenOutcome['expected'] | undefined): MeasuredValue =>
    answer === undefined ? null : { score: answer.score ?? null, class: answer.class ?? null };
  return { expected: side(expected), found: side(found), tolerance };
}

function cornerFindings(evidence: Evidence): readonly Finding[] {
  const { corners, candidate, proposal } = evidence;
  const { manifest } = proposal;
  const at = proposal.place('/artifact');
  if (!manifest.evaluation.corners)
    return [notApplicable('golden/corners', 'the manifest turns corner cases off (evaluation.corners)')];
  if (corners.kind === 'missing') {
    // Why there are no answers is told by its owner; one sentence here is enough.
    return [missingFinding('golden', 'corners', { ...(candidate.kind === 'missing' ? candidate : corners), at })];
  }
  const single = corners.value.filter((outcome) => groupOf(outcome) === undefined);
  const grouped = Map.groupBy(corners.value, groupOf);
  const findings = single.map((outcome) => cornerFinding(outcome, evidence));
  for (const [group, outcomes] of grouped) if (group !== undefined) findings.push(groupFinding(group, outcomes));
  if (!corners.value.some(({ kind }) => kind === 'batch')) findings.push(batchNotCompared(evidence));
  return findings;
}

type BentKind = Exclude<CornerOutcome['kind'], 'empty-batch' | 'batch' | 'finite'>;
interface Group {
  readonly kind: BentKind;
  readonly right: boolean;
}

const BENT: readonly BentKind[] = ['missing', 'edge', 'zero', 'negative', 'huge', 'text', 'unseen-category'];
const GROUPS: readonly Group[] = BENT.flatMap((kind) => [
  { kind, right: true },
  { kind, right: false },
]);

/**
 * Columns that came out right, and those whose answer is no number where nothing says that such a value comes, are one finding a kind: thirty
 * of the same would hide the one that fails. Undefined for an outcome that is a finding of its own.
 */
function groupOf(outcome: CornerOutcome): Group | undefined {
  const { kind, error, refused, notFinite } = outcome;
  if (error !== undefined || refused !== undefined || (notFinite > 0 && !isTold(outcome))) return undefined;
  return GROUPS.find((group) => group.kind === kind && group.right === (notFinite === 0));
}

/** Told, and decides nothing: neither the manifest nor the data say that such a value comes. */
function isTold({ column, error, notFinite, expected }: CornerOutcome): boolean {
  return column !== undefined && error === undefined && notFinite > 0 && expected === false;
}

const BENT_WORDS = {
  missing: 'a missing value',
  edge: 'the least and the largest value',
  zero: 'zero',
  negative: 'a negative value',
  huge: 'a huge value',
  text: 'an empty, a very long and a foreign text',
  'unseen-category': 'a category never seen',
} as const satisfies Record<BentKind, string>;

function groupFinding({ kind, right }: Group, outcomes: readonly CornerOutcome[]): Finding {
  const columns = [...new Set(outcomes.flatMap(({ column }) => column ?? []))];
  const where = `${BENT_WORDS[kind]} in ${columns.length === 1 ? 'column' : `each of ${countText(columns.length)} columns`}`;
  const rows = outcomes.reduce((sum, outcome) => sum + outcome.rows, 0);
  const notFinite = outcomes.reduce((sum, outcome) => sum + outcome.notFinite, 0);
  const measured = { columns, rows, notFinite };
  const names = namesText(columns);
  if (right)
    return pass(`golden/${kind}`, `${where}, ${countText(rows)} answers, all finite numbers: ${names}`, measured);
  return fail(
    `golden/${kind}-undeclared`,
    `${countText(notFinite)} of ${plural(rows, 'answer')} to ${where} are not finite numbers; nothing says that such values come: ${names}`,
    measured,
    { advisory: true, next: nextOf(kind) },
  );
}

const NAMES_TOLD = 12;

/** The first names; `measured` holds all. */
function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_TOLD;
  return `${names.slice(0, NAMES_TOLD).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function batchNotCompared({ artifact, proposal }: Evidence): Finding {
  const random = artifact.graph.kind === 'gathered' && artifact.graph.value.random.length > 0;
  if (random)
    return inconclusive(
      'golden/batch',
      'one row against many says nothing while the graph draws random numbers (see reproducibility)',
      {},
      { advisory: true },
    );
  return notApplicable(
    'golden/batch',
    proposal.manifest.serving.maxBatch === 1
      ? 'every row is answered alone (serving.maxBatch 1)'
      : 'the graph takes one row at a time',
  );
}

function cornerFinding(outcome: CornerOutcome, { proposal }: Evidence): Finding {
  const { kind, variant, column, what, rows, notFinite, error, refused, expected } = outcome;
  const id = [
    'golden',
    kind,
    ...(column === undefined ? [] : [column]),
    ...(variant === undefined ? [] : [variant]),
  ].join('/');
  const where = column === undefined ? what : `${what} in column "${column}"`;
  const at = proposal.place(
    column === undefined ? '/artifact' : `/columns/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  );
  const measured = { rows, notFinite, ...(outcome.difference === undefined ? {} : { ...outcome.difference }) };
  // An empty batch is answered by the replica itself where the graph cannot.
  const advisory = kind === 'empty-batch' || expected === false;
  if (error !== undefined)
    return fail(id, `it fails for ${where}: ${error}`, measured, { at, advisory, next: nextOf(kind) });
  if (refused !== undefined) return pass(id, `a request with ${where} is refused, as documented: ${refused}`, measured);
  if (kind === 'batch' && outcome.difference !== undefined && outcome.difference.beyondTolerance > 0)
    return fail(
      id,
      `answers depend on what a row is batched with: ${countText(outcome.difference.beyondTolerance)} of ${plural(rows, 'row')} differ beyond the tolerance, at most by ${outcome.difference.absolute}, when asked alone`,
      measured,
      { at, next: nextOf(kind) },
    );
  if (notFinite > 0)
    return fail(
      id,
      `${countText(notFinite)} of ${plural(rows, 'answer')} to ${where} ${notFinite === 1 ? 'is' : 'are'} not a finite number`,
      measured,
      {
        at,
        advisory,
        next: nextOf(kind),
      },
    );
  return pass(
    id,
    kind === 'batch'
      ? `${what} give the same answers within the tolerance`
      : `${where} ${kind === 'finite' ? 'are' : 'is'} answered with finite numbers`,
    measured,
  );
}

function nextOf(kind: CornerOutcome['kind']): string {
  const steps: Readonly<Record<CornerOutcome['kind'], string>> = {
    missing: 'Impute missing values in the graph, or declare columns: { …: { missing: 0 } } when none come.',
    edge: 'Guard the operation that overflows, or narrow the range that the manifest declares.',
    zero: 'Guard the division or logarithm, or declare a range without zero under columns.',
    negative: 'Guard the root or logarithm, or declare a range without negative values under columns.',
    huge: 'Clip the input in the graph, or declare under columns how large it may be.',
    text: 'Give the encoder a value for unknown texts, or list the values that may come under columns.',
    'unseen-category':
      'Give the encoder a value for unknown categories, or list the values that may come under columns.',
    'empty-batch': 'Nothing needs to be done unless callers send empty batches.',
    batch: 'Make each row independent of the others, or say serving: { maxBatch: 1 }.',
    finite: 'Find the rows: an answer that is NaN cannot be decided on.',
  };
  return steps[kind];
}
