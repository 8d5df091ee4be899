import type { Finding } from '../../report/report.ts';
import { pointerOf } from '../pointer.ts';
import { fail, inconclusive, type ManifestContext, pass, type Rule } from './rule.ts';

/** A protected column is a cohort; as an input it decides about people by what they are. */
export const protectedColumnsAreNoInputs: Rule = (context) => {
  const { proposal, policy } = context;
  return flagged(context, 'protected', 'protected-input', (column) => {
    const { input, why } = proposal.manifest.columns[column] ?? {};
    const measured = {
      column,
      justified: input === 'justified',
      why: why ?? null,
      policy: policy.checks.protectedInputs,
    };
    const at = proposal.place(pointerOf(['columns', column]));
    const id = `protected-input/${column}`;
    if (input !== 'justified') {
      const reason = `the protected column ${column} is an input; expected no input, or input: justified with a why`;
      return fail(id, reason, measured, at, 'train without it, or justify it where it is declared');
    }
    if (policy.checks.protectedInputs === 'never') {
      const reason = `the protected column ${column} is an input, and the policy allows no justification (protectedInputs: never)`;
      return fail(id, reason, measured, at, 'train without it');
    }
    const reason = `the protected column ${column} is an input, justified by: ${why ?? ''}`;
    return { ...fail(id, reason, measured, at, 'read the justification'), severity: 'advisory' };
  });
};

/** What identifies a person teaches a model persons, and lands in every log. */
export const piiColumnsAreNoInputs: Rule = (context) => {
  const { proposal } = context;
  return flagged(context, 'pii', 'pii-input', (column) => {
    const at = proposal.place(pointerOf(['columns', column]));
    return fail(
      `pii-input/${column}`,
      `the pii column ${column} is an input; expected no input`,
      { column },
      at,
      'train without it',
    );
  });
};

/** A model that is told the answer is not judged at all. */
export const labelIsNoInput: Rule = (context) => {
  const { proposal } = context;
  const { label } = proposal.manifest.evaluation;
  const { columns, isKnown } = inputsOf(context);
  const measured = { label, inputs: columns };
  const at = proposal.place('/evaluation/label');
  if (columns.includes(label)) {
    const reason = `the label ${label} is also an input (a leak); expected a label that the model does not see`;
    return [fail('label-input', reason, measured, at, 'train without it, or name the right label')];
  }
  if (!isKnown) return [inconclusive('label-input', unknownInputs, measured, at)];
  return [pass('label-input', `the label ${label} is none of the ${columns.length} input columns`, measured)];
};

/** Every column that the manifest speaks of must be in the rows that it is judged on. */
export const columnsAreInTheData: Rule = (context) => {
  const { proposal, dataColumns } = context;
  const { label, key, time, cohorts } = proposal.manifest.evaluation;
  const { columns: inputs, isKnown } = inputsOf(context);
  const at = proposal.place('/evaluation/data');
  if (dataColumns === undefined) {
    return [
      inconclusive('input-column', 'the evaluation data could not be read, so their columns are not known', {}, at),
    ];
  }
  const named = [
    ...inputs.map((column) => ({ column, id: 'input-column', what: 'the input column', pointer: '/evaluation/data' })),
    { column: label, id: 'data-column', what: 'the label', pointer: '/evaluation/label' },
    ...(key === undefined ? [] : [{ column: key, id: 'data-column', what: 'the key', pointer: '/evaluation/key' }]),
    ...(time === undefined ? [] : [{ column: time, id: 'data-column', what: 'the time', pointer: '/evaluation/time' }]),
    ...cohorts.map(({ column }, index) => ({
      column,
      id: 'data-column',
      what: 'the cohort column',
      pointer: `/evaluation/cohorts/${index}`,
    })),
  ];
  const absent = named.filter(({ column }) => !dataColumns.includes(column));
  const measured = { named: named.map(({ column }) => column), data: dataColumns };
  if (absent.length > 0) {
    return absent.map(({ column, id, what, pointer }) => {
      const reason = `${what} ${column} is not in the evaluation data; their columns are ${dataColumns.join(', ')}`;
      return fail(
        `${id}/${column}`,
        reason,
        { column, data: dataColumns },
        proposal.place(pointer),
        'add the column, or name the right one',
      );
    });
  }
  if (!isKnown) return [inconclusive('input-column', unknownInputs, measured, at)];
  return [
    pass(
      'input-column',
      `the evaluation data hold all ${named.length} columns that the manifest and the graph name`,
      measured,
    ),
  ];
};

const unknownInputs = 'which columns are inputs depends on the graph, and that could not be read (see artifact)';

function inputsOf(context: ManifestContext): { readonly columns: readonly string[]; readonly isKnown: boolean } {
  const declared = context.proposal.manifest.inputs.flatMap(({ columns }) => columns);
  const columns = [...new Set([...declared, ...(context.inputColumns ?? [])])];
  return { columns, isKnown: context.inputColumns !== undefined };
}

function flagged(
  context: ManifestContext,
  flag: 'protected' | 'pii',
  id: string,
  judge: (column: string) => Finding,
): readonly Finding[] {
  const { proposal } = context;
  const { columns, isKnown } = inputsOf(context);
  const named = Object.entries(proposal.manifest.columns).flatMap(([name, column]) => (column[flag] ? [name] : []));
  const judged = named.filter((column) => columns.includes(column)).map(judge);
  const measured = { [flag]: named, inputs: columns };
  if (judged.length > 0) return judged;
  if (named.length === 0) return [pass(id, `no column is declared ${flag}`, measured)];
  if (!isKnown) return [inconclusive(id, unknownInputs, measured, proposal.place('/columns'))];
  return [
    pass(id, `none of the ${named.length} ${flag} columns is among the ${columns.length} input columns`, measured),
  ];
}
