import {
  lacking,
  shown,
  shownByFindings,
  someOf,
  type ReadinessFacts,
  type RubricTest,
  type Shown,
} from './rubric-test.ts';
import { stalenessOf } from './staleness.ts';

export const modelTests: readonly RubricTest[] = [
  {
    id: 'Model 1',
    title: 'Every model specification undergoes a code review and is checked in to a repository',
    automatic: reviewed,
    next: 'Name the commit of the training code (reproducibility.training.commit), and have somebody approve the pull request.',
  },
  {
    id: 'Model 2',
    title: 'Offline proxy metrics correlate with actual online impact metrics',
    next: 'Attest a comparison of past releases: how the offline metric moved, and how the business did.',
  },
  {
    id: 'Model 3',
    title: 'All hyperparameters have been tuned',
    next: 'Attest the search: which hyperparameters, over which ranges, with its result.',
  },
  {
    id: 'Model 4',
    title: 'The impact of model staleness is known',
    automatic: staleness,
    next: 'Name evaluation.time, so that the model is judged on successive slices of time; or attest such a study.',
  },
  {
    id: 'Model 5',
    title: 'A simpler model is not better',
    automatic: simplerModel,
    next: 'See what baseline says of the trivial and the linear model.',
  },
  {
    id: 'Model 6',
    title: 'Model quality is sufficient on all important data slices',
    automatic: (facts) =>
      shownByFindings(
        facts.found('cohorts').filter(({ verdict }) => verdict !== 'not-applicable'),
        'cohorts',
        'no cohort was judged',
      ),
    next: 'Declare evaluation.cohorts with enough rows of each, and mend those that fail.',
  },
  {
    id: 'Model 7',
    title: 'The model has been tested for considerations of inclusion',
    automatic: inclusion,
    next: 'Declare the protected columns of the evaluation data (columns: { sex: { protected: true } }), and how far their cohorts may lie apart (evaluation.cohortGap).',
  },
];

function reviewed({ evidence: { proposal, governance } }: ReadinessFacts): Shown {
  const commit = proposal.manifest.reproducibility.training?.commit;
  if (commit === undefined) return lacking('the commit of the training code is not named');
  const approvals = governance?.approvals;
  if (approvals === undefined)
    return lacking('there is no pull request here whose reviews could be asked for', { commit });
  const by = approvals.map((approval) => approval.by);
  return by.length === 0
    ? lacking('nobody has approved this commit', { commit, by })
    : shown(`approved by ${by.map((login) => `@${login}`).join(', ')}; trained from commit ${commit}`, {
        commit,
        by,
        ...(governance?.review === undefined ? {} : { ...governance.review }),
      });
}

function staleness({ evidence }: ReadinessFacts): Shown {
  const found = stalenessOf(evidence);
  if (found.kind === 'unknown') return lacking(found.why);
  const { slices, of, loss } = found;
  const [first, last] = [slices[0], slices.at(-1)];
  return shown(
    `${of} on ${slices.length} successive slices of time: mean ${loss} from ${first?.loss.toPrecision(3)} to ${last?.loss.toPrecision(3)}`,
    { of, loss, slices: slices.map((slice) => ({ ...slice })) },
  );
}

function simplerModel(facts: ReadinessFacts): Shown {
  const { baseline } = facts.evidence;
  const simple = facts
    .found('baseline')
    .filter(({ id, measured }) =>
      baseline.kind === 'simple' ? measured['against'] !== undefined : /^baseline\/(trivial|linear)\//.test(id),
    );
  const failed = simple.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id);
  if (failed.length > 0) return lacking(`not shown to be better than a simpler model: ${someOf(failed)}`, { failed });
  return simple.length === 0
    ? lacking('no simpler model was compared with')
    : shown(
        `not worse than ${baseline.kind === 'simple' ? 'the trivial and the linear model' : 'the trivial model'} by ${simple.length} comparisons`,
        {
          comparisons: simple.map(({ id }) => id),
        },
      );
}

function inclusion(facts: ReadinessFacts): Shown {
  const { columns } = facts.evidence.proposal.manifest;
  const guarded = Object.entries(columns).flatMap(([name, column]) => (column.protected ? [name] : []));
  if (guarded.length === 0) return lacking('no column is declared protected');
  const about = facts
    .found('cohorts')
    .filter(({ id }) =>
      guarded.some((name) => id.startsWith(`cohorts/${name}=`) || id.startsWith(`cohorts/gap/${name}/`)),
    );
  const judged = shownByFindings(
    about,
    `cohorts by ${someOf(guarded)}`,
    `no cohort of ${someOf(guarded)} could be judged`,
  );
  return { ...judged, measured: { ...judged.measured, protected: guarded } };
}
