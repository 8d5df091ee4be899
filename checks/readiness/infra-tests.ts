import { lacking, shown, shownByFindings, type ReadinessFacts, type RubricTest, type Shown } from './rubric-test.ts';

export const infraTests: readonly RubricTest[] = [
  {
    id: 'Infra 1',
    title: 'Training is reproducible',
    automatic: (facts) =>
      shownByFindings(
        facts.found('reproducibility').filter(({ id }) => id.startsWith('reproducibility/retrain')),
        'the retraining',
        'the model was not trained a second time and compared',
      ),
    next: 'Pin the training (reproducibility.training) and let it run again: /retrain, or slipway check --retrained FILE.',
  },
  {
    id: 'Infra 2',
    title: 'Model specification code is unit tested',
    next: 'Attest with check: the name of the check of this commit that runs those tests.',
  },
  {
    id: 'Infra 3',
    title: 'The full ML pipeline is integration tested',
    next: 'Attest with check: the name of the check of this commit that runs the whole pipeline.',
  },
  {
    id: 'Infra 4',
    title: 'Model quality is validated before attempting to serve it',
    automatic: validated,
    next: 'Require baseline and golden in the policy (checks.required), and deploy by pull request alone.',
  },
  {
    id: 'Infra 5',
    title:
      'The model allows debugging by observing the step-by-step computation of training or inference on a single example',
    automatic: debuggable,
    next: 'See what explanation says; slipway explain MANIFEST --data FILE --row N explains one row.',
  },
  {
    id: 'Infra 6',
    title: 'Models are tested via a canary process before they enter production serving environments',
    automatic: canaried,
    next: 'Roll out in weighted steps (rollout.strategy: canary); the first rollout that ends so earns it.',
  },
  {
    id: 'Infra 7',
    title: 'Models can be quickly and safely rolled back to a previous serving version',
    automatic: rolledBack,
    next: 'Practise it: /rollback MODEL because of a drill, then merge what was turned back anew.',
  },
];

/** A drill, or an emergency, that is older says little about today. */
const ROLLBACK_AGE_DAYS = 365;
const DAY_MS = 86_400_000;

function validated(facts: ReadinessFacts): Shown {
  const { policy, governance } = facts.evidence;
  const needed = ['baseline', 'golden'];
  const left = needed.filter((name) => !policy.checks.required.includes(name));
  if (left.length > 0)
    return lacking(`the policy does not require ${left.join(' and ')}`, { required: [...policy.checks.required] });
  if (governance?.review === undefined)
    return lacking('judged by hand: there is no pull request here that the checks hold back');
  return shown(`the pull request is held until ${needed.join(' and ')} pass`, {
    required: [...policy.checks.required],
    url: governance.review.url,
  });
}

function debuggable({ evidence: { explanation } }: ReadinessFacts): Shown {
  if (explanation?.kind !== 'gathered') return lacking('nothing was measured that explains the model');
  const { candidate } = explanation.value;
  return candidate.columns.length === 0
    ? lacking('no input could be exchanged and asked about')
    : shown(
        `each of ${candidate.columns.length} inputs was exchanged and asked about; single rows by slipway explain`,
        {
          columns: candidate.columns.length,
          rows: candidate.rows,
        },
      );
}

function canaried({ evidence: { governance } }: ReadinessFacts): Shown {
  const rollouts = governance?.rollouts;
  if (rollouts === undefined) return lacking('no fleet was asked how versions of this model got to production');
  const [newest] = rollouts;
  if (newest === undefined) return lacking('no rollout of this model has ended yet');
  const measured = { version: newest.version, outcome: newest.outcome, at: newest.at, ...urlOf(newest) };
  return newest.canaried
    ? shown(
        `${newest.version} went through weighted steps with analysis: ${newest.outcome} on ${dayOf(newest.at)}`,
        measured,
      )
    : lacking(`the last version, ${newest.version}, got all traffic at once`, measured);
}

function rolledBack({ evidence: { governance, today } }: ReadinessFacts): Shown {
  const rollouts = governance?.rollouts;
  if (rollouts === undefined) return lacking('no fleet was asked whether a version was ever turned back');
  const turned = rollouts.find(({ outcome }) => outcome === 'rolled-back' || outcome === 'aborted');
  if (turned === undefined) return lacking('no version of this model was ever turned back');
  const { version, outcome, at } = turned;
  const ageDays = (Date.parse(today ?? '') - Date.parse(at)) / DAY_MS;
  const measured = { version, outcome, at, ...urlOf(turned) };
  return ageDays <= ROLLBACK_AGE_DAYS
    ? shown(`${version} was turned back (${outcome}) on ${dayOf(at)}`, measured)
    : lacking(`the last rollback, of ${version} on ${dayOf(at)}, is more than ${ROLLBACK_AGE_DAYS} days ago`, measured);
}

function urlOf({ url }: { readonly url?: string }): { readonly url?: string } {
  return url === undefined ? {} : { url };
}

function dayOf(at: string): string {
  return at.slice(0, 'YYYY-MM-DD'.length);
}
