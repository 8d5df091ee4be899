import type { Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { durationMs, durationText } from '../manifest/duration.ts';
import type { Impact, LoadedManifest } from '../manifest/manifest.ts';
import { parentOf } from '../manifest/pointer.ts';
import type { Finding } from '../report/report.ts';

type Severity = Impact['severity'];
type ImpactField = Exclude<keyof Impact, 'severity'>;

/** How bad a wrong decision is, mildest first: each severity needs what the milder ones need, and more. */
const SEVERITIES: readonly Severity[] = ['low', 'moderate', 'high', 'critical'];

/** The mildest severity at which a field of the impact matrix must be filled in, and what it answers. */
const NEEDED_FROM: Readonly<Record<ImpactField, { readonly from: Severity; readonly answers: string }>> = {
  decision: { from: 'low', answers: 'what is decided, and by whom' },
  affected: { from: 'moderate', answers: 'whom the decision is about' },
  reversible: { from: 'moderate', answers: 'whether a wrong decision can be undone' },
  mitigations: { from: 'moderate', answers: 'what is done against harm' },
  personalData: { from: 'high', answers: 'which columns hold personal data; [] when none does' },
  lawfulBasis: { from: 'high', answers: 'why these data may be used' },
  retention: { from: 'high', answers: 'how long predictions are kept' },
};

export function isAtLeast(severity: Severity, other: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(other);
}

/** Is the impact matrix there where it must be, and complete for its severity? */
export function impactMatrixFinding({ proposal, policy }: Evidence): Finding {
  const { impact } = proposal.manifest;
  if (impact === undefined) return absentFinding(proposal, policy.checks.impact);
  const { severity } = impact;
  const needed = Object.entries(NEEDED_FROM).flatMap(([name, { from, answers }]) =>
    isAtLeast(severity, from) ? [{ name, answers }] : [],
  );
  const lacking = needed.filter(({ name }) => !isFilledIn(name, impact, proposal));
  const measured = { severity, needed: needed.map(({ name }) => name), lacking: lacking.map(({ name }) => name) };
  const id = 'compliance/impact';
  if (lacking.length === 0)
    return pass(id, `the impact matrix says everything that severity ${severity} needs`, measured);
  return fail(
    id,
    `the impact matrix does not say ${lacking.map(({ name }) => name).join(', ')}, which severity ${severity} needs`,
    measured,
    {
      at: proposal.place('/impact'),
      next: `Write under impact ${lacking.map(({ name, answers }) => `${name}: ${answers}`).join('; ')}.`,
    },
  );
}

function isFilledIn(name: string, impact: Impact, proposal: LoadedManifest): boolean {
  // A list that is left out and one that is empty parse alike; only the second says that there are no personal data.
  if (name === 'personalData') return impact.personalData.length > 0 || isWritten('/impact/personalData', proposal);
  if (name === 'mitigations') return impact.mitigations.length > 0;
  return impact[name as ImpactField] !== undefined;
}

/** Whether a value stands in the file: one that does not has its parent's place. */
function isWritten(pointer: string, loaded: LoadedManifest): boolean {
  const [own, parent] = [loaded.place(pointer), loaded.place(parentOf(pointer))];
  return own.line !== parent.line || own.column !== parent.column;
}

/** Columns that are declared `protected` or `pii`. */
export function sensitiveColumns({ manifest }: LoadedManifest): readonly string[] {
  return Object.entries(manifest.columns).flatMap(([name, column]) => (column.protected || column.pii ? [name] : []));
}

function absentFinding(proposal: LoadedManifest, asked: Evidence['policy']['checks']['impact']): Finding {
  const id = 'compliance/impact';
  const sensitive = sensitiveColumns(proposal);
  const measured = { severity: null, sensitive, policy: asked };
  const details = {
    at: proposal.place('/impact'),
    next: 'Write under impact at least severity and decision: docs/checks.md says what each severity needs.',
  };
  if (asked === 'always' || (asked === 'personal' && sensitive.length > 0))
    return fail(
      id,
      asked === 'always'
        ? 'there is no impact matrix, and the policy asks for one of every model (checks.impact: always)'
        : `there is no impact matrix, and the policy asks for one where columns are protected or pii (checks.impact: personal): ${sensitive.join(', ')}`,
      measured,
      details,
    );
  if (sensitive.length > 0)
    return inconclusive(
      id,
      `nothing says who can be harmed: ${sensitive.join(', ')} ${sensitive.length === 1 ? 'is' : 'are'} declared protected or pii, and there is no impact matrix`,
      measured,
      { ...details, advisory: true },
    );
  return notApplicable(id, 'no impact matrix, and no column that is declared protected or pii', measured);
}

/** Are predictions deleted as early as the impact matrix promises? */
export function retentionFinding({ proposal, policy }: Evidence): Finding {
  const id = 'compliance/retention';
  const promised = proposal.manifest.impact?.retention;
  const promisedMs = promised === undefined ? undefined : durationMs(promised);
  if (promisedMs === undefined) return notApplicable(id, 'the manifest promises no retention');
  const keptMs = policy.retention.predictionsMs;
  const kept = durationText(keptMs);
  const measured = { promisedMs, keptMs };
  return keptMs <= promisedMs
    ? pass(id, `the policy keeps predictions ${kept}, and impact.retention promises at most ${promised}`, measured)
    : fail(id, `the policy keeps predictions ${kept}, and impact.retention promises at most ${promised}`, measured, {
        at: proposal.place('/impact/retention'),
        next: `Shorten retention.predictions in .github/slipway.yml to ${promised}, or promise what is done.`,
      });
}
