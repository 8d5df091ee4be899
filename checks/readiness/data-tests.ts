import { inputColumnsOf } from '../compliance/personal-data.ts';
import { rankImportances } from '../explanation/rank-importances.ts';
import { hasDomain, outsideDomain } from './outside-domain.ts';
import { lacking, shown, someOf, type ReadinessFacts, type RubricTest, type Shown } from './rubric-test.ts';

export const dataTests: readonly RubricTest[] = [
  {
    id: 'Data 1',
    title: 'Feature expectations are captured in a schema',
    automatic: schema,
    next: 'Declare under columns what each input may hold: type, min and max, or values.',
  },
  {
    id: 'Data 2',
    title: 'All features are beneficial',
    automatic: beneficial,
    next: 'Leave out inputs whose importance cannot be told from nothing, or attest an ablation study.',
  },
  {
    id: 'Data 3',
    title: 'No feature’s cost is too much',
    next: 'Attest what each feature costs in latency, upkeep and dependence on its source, and that it is worth it.',
  },
  {
    id: 'Data 4',
    title: 'Features adhere to meta-level requirements',
    automatic: metaRequirements,
    next: 'Declare every input under columns, mark those that are protected or pii, and take them out of the inputs.',
  },
  {
    id: 'Data 5',
    title: 'The data pipeline has appropriate privacy controls',
    next: 'Attest who may read the training data, and how the pipeline keeps it so.',
  },
  {
    id: 'Data 6',
    title: 'New features can be added quickly',
    next: 'Attest how long the last feature took from idea to production.',
  },
  {
    id: 'Data 7',
    title: 'All input feature code is tested',
    next: 'Attest with check: the name of the check of this commit that tests the feature code.',
  },
];

function schema({ evidence }: ReadinessFacts): Shown {
  const { proposal, evaluation } = evidence;
  const inputs = inputColumnsOf(evidence);
  if (inputs === undefined) return lacking('which columns are inputs could not be read from the graph');
  if (evaluation.kind === 'missing')
    return lacking(`no evaluation rows to hold the schema against: ${evaluation.reason}`);
  const { columns } = proposal.manifest;
  const open = inputs.filter((name) => {
    const column = columns[name];
    return column === undefined || !hasDomain(column);
  });
  if (open.length > 0)
    return lacking(`the manifest does not say what ${someOf(open)} may hold`, { inputs: inputs.length, open });
  const { table } = evaluation.value;
  const outside = outsideDomain(table, columns);
  if (outside.length > 0)
    return lacking(
      `the evaluation data break the schema: ${someOf(outside.map(({ column, outside: count }) => `${column} (${count})`))}`,
      { rows: table.rows, outside },
    );
  return shown(`all ${inputs.length} inputs are declared, and all ${table.rows} evaluation rows follow`, {
    inputs: inputs.length,
    rows: table.rows,
  });
}

function beneficial({ evidence: { explanation } }: ReadinessFacts): Shown {
  if (explanation?.kind !== 'gathered') return lacking('no importances were measured');
  const { candidate } = explanation.value;
  const ranked = rankImportances(candidate);
  const useless = ranked.filter(({ interval }) => !(interval.lower > 0)).map(({ name }) => name);
  const measured = { columns: ranked.length, left: candidate.left.length, useless };
  if (ranked.length === 0 || candidate.left.length > 0)
    return lacking('not every column’s importance was measured', measured);
  return useless.length === 0
    ? shown(`shuffling any of the ${ranked.length} columns costs ${candidate.metric}, beyond chance`, measured)
    : lacking(`the importance of ${someOf(useless)} cannot be told from nothing`, measured);
}

function metaRequirements(facts: ReadinessFacts): Shown {
  const { evidence } = facts;
  const { columns } = evidence.proposal.manifest;
  const inputs = inputColumnsOf(evidence);
  if (inputs === undefined) return lacking('which columns are inputs could not be read from the graph');
  const undeclared = inputs.filter((name) => !Object.hasOwn(columns, name));
  if (undeclared.length > 0) return lacking(`not declared: ${someOf(undeclared)}`, { undeclared });
  const forbidden = facts
    .found('manifest')
    .filter(({ id, verdict }) => /^manifest\/(protected-input|pii-input|host)\//.test(id) && verdict === 'fail')
    .map(({ id }) => id);
  return forbidden.length > 0
    ? lacking(`the manifest’s rules on features and sources are broken: ${someOf(forbidden)}`, { forbidden })
    : shown(
        `all ${inputs.length} inputs are declared; none is protected or pii, and every source is on an allowed host`,
        {
          inputs: inputs.length,
        },
      );
}
