import { signatureOf } from '../../serving/model/signature.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { nearestOf } from '../manifest/nearest.ts';
import { pointerOf } from '../manifest/pointer.ts';
import type { Finding } from '../report/report.ts';
import { sensitiveColumns } from './impact-matrix.ts';

/**
 * Personal data that are used against those that are declared under `impact.personalData`. A column that is marked `protected` or `pii` and
 * is an input must be declared; one that only splits the evaluation rows is told.
 */
export function personalDataFindings(evidence: Evidence): readonly Finding[] {
  const { proposal } = evidence;
  const { impact } = proposal.manifest;
  const id = 'compliance/personal-data';
  if (impact === undefined) return [notApplicable(id, 'no impact matrix declares personal data')];
  const inputs = inputColumnsOf(evidence);
  if (inputs === undefined)
    return [
      inconclusive(
        id,
        'cannot be judged: which columns are inputs depends on the graph, and that could not be read (see artifact)',
        { declared: impact.personalData, owner: 'artifact' },
        { at: proposal.place('/impact/personalData') },
      ),
    ];
  const sensitive = sensitiveColumns(proposal);
  const undeclared = sensitive.filter((column) => !impact.personalData.includes(column));
  const findings = [
    ...undeclared.map((column) => undeclaredFinding(column, inputs.includes(column), evidence)),
    ...unknownFindings(evidence, inputs),
  ];
  if (undeclared.some((column) => inputs.includes(column))) return findings;
  const used = impact.personalData.filter((column) => inputs.includes(column));
  const summary =
    used.length === 0
      ? `none of the ${inputs.length} input columns is personal data, as declared`
      : `the personal data among the inputs are declared: ${used.join(', ')}`;
  return [pass(id, summary, { declared: impact.personalData, sensitive, inputs }), ...findings];
}

/** The columns that the model reads, as the manifest maps them, else by the graph's own names; undefined where neither can be known. */
export function inputColumnsOf({ proposal, artifact }: Evidence): readonly string[] | undefined {
  const { specification } = proposal;
  const declared = specification.inputs.flatMap(({ columns }) => columns);
  if (artifact.session.kind === 'missing') return declared.length === 0 ? undefined : [...new Set(declared)];
  const { signature } = signatureOf(specification, artifact.session.value.inputs);
  return [...new Set([...declared, ...signature.columns.map(({ name }) => name)])];
}

function undeclaredFinding(column: string, isInput: boolean, { proposal }: Evidence): Finding {
  const { protected: isProtected } = proposal.manifest.columns[column] ?? { protected: false };
  const flag = isProtected ? 'protected' : 'pii';
  const use = isInput ? 'is an input' : 'is no input, and is in the data that the model is judged on';
  return fail(
    `compliance/personal-data/${column}`,
    `${column} is declared ${flag} and ${use}; impact.personalData does not list it`,
    { column, flag, isInput, declared: proposal.manifest.impact?.personalData ?? [] },
    {
      at: proposal.place(pointerOf(['columns', column])),
      advisory: !isInput,
      next: `Add ${column} to impact.personalData${isInput ? ', or train without it' : ''}.`,
    },
  );
}

/** Declared, and nowhere to be found. Advisory: what the default branch declared may not be taken away, even when the column is gone. */
function unknownFindings(evidence: Evidence, inputs: readonly string[]): readonly Finding[] {
  const { proposal, evaluation } = evidence;
  const declared = proposal.manifest.impact?.personalData ?? [];
  if (evaluation.kind === 'missing') return [];
  const known = [
    ...new Set([...inputs, ...Object.keys(proposal.manifest.columns), ...evaluation.value.table.columns.keys()]),
  ];
  return declared
    .filter((column) => !known.includes(column))
    .map((column) => {
      const nearest = nearestOf(column, known);
      const meant = nearest === undefined ? '' : `; ${nearest} was perhaps meant`;
      return fail(
        `compliance/personal-data/${column}`,
        `impact.personalData lists ${column}, which is no input and no column of the evaluation data${meant}`,
        { column, known },
        {
          at: proposal.place('/impact/personalData'),
          advisory: true,
          next: nearest === undefined ? 'Name a column of the model.' : `Write ${nearest}, if that is meant.`,
        },
      );
    });
}
