import { scoreMappingOf, type ScoreMapping } from '../../../serving/model/score.ts';
import { shapeText } from '../../../serving/model/signature.ts';
import type { OutputMapping } from '../../../serving/model/specification.ts';
import type { Column } from '../../../serving/model/table.ts';
import type { TensorDeclaration } from '../../../serving/model/tensor.ts';
import { RefusedModel } from './refused.ts';

/** How the graph's outputs are read, written out in full so that a reader sees what was decided. */
export interface PlannedOutputs {
  readonly outputs: OutputMapping;
  readonly mapping: ScoreMapping;
  readonly assumptions: readonly string[];
}

/** More different whole numbers than this are amounts, not classes. */
const mostClasses = 50;

/** Throws RefusedModel where the score or the classes cannot be told. */
export function planOutputs(declarations: readonly TensorDeclaration[], label: Column): PlannedOutputs {
  const values = classesIn(label);
  const first = chosen(declarations, values);
  const { task, output, index } = first.mapping;
  if (task === 'regression') {
    return { ...first, outputs: { task, score: { output, ...(index === undefined || index === 0 ? {} : { index }) } } };
  }
  const classes = classesOf(first.mapping, values, label.name);
  const outputs: OutputMapping = {
    task,
    score: { output, ...(index === undefined ? {} : { index }) },
    classes: classes.names,
    ...(task === 'binary' ? { threshold: first.mapping.threshold } : {}),
  };
  const settled = scoreMappingOf(outputs, declarations);
  if (settled.kind === 'problem') throw new RefusedModel(settled.problem.reason, settled.problem.next);
  return { outputs, mapping: settled.mapping, assumptions: [...first.assumptions, ...classes.assumptions] };
}

/** What the graph tells by itself, corrected by what the label is. */
function chosen(
  declarations: readonly TensorDeclaration[],
  values: readonly (string | number)[] | undefined,
): Omit<PlannedOutputs, 'outputs'> {
  const asked: readonly (readonly [OutputMapping, string | undefined])[] = [
    [{}, undefined],
    ...declarations
      .filter(({ name }) => /prob|score/i.test(name))
      .map(({ name }) => [{ score: { output: name } }, `the score is the output "${name}", by its name`] as const),
    ...(values === undefined
      ? [[{ task: 'regression' } as const, 'the output of whole numbers is the value'] as const]
      : []),
  ];
  const answers = asked.map(([mapping, assumption]) => ({
    mapping,
    assumption,
    answer: scoreMappingOf(mapping, declarations),
  }));
  const found = answers.find(({ answer }) => answer.kind === 'mapping');
  if (found === undefined || found.answer.kind !== 'mapping') {
    const [first] = answers;
    const problem = first?.answer.kind === 'problem' ? first.answer.problem : undefined;
    throw new RefusedModel(problem?.reason ?? 'the graph has no output', problem?.next);
  }
  const assumptions = found.assumption === undefined ? [] : [found.assumption];
  const told = found.answer.mapping;
  const wanted = taskFor(told, values, declarations);
  if (wanted === told.task) return { mapping: told, assumptions };
  const again = scoreMappingOf({ ...found.mapping, task: wanted }, declarations);
  if (again.kind === 'problem') throw new RefusedModel(again.problem.reason, again.problem.next);
  return {
    mapping: again.mapping,
    assumptions: [
      ...assumptions,
      `the task is ${wanted}, since the label holds ${values === undefined ? 'amounts' : `${values.length} classes`}`,
    ],
  };
}

function taskFor(
  { task, output }: ScoreMapping,
  values: readonly (string | number)[] | undefined,
  declarations: readonly TensorDeclaration[],
): ScoreMapping['task'] {
  const shape = declarations.find(({ name }) => name === output)?.shape ?? [];
  const isOneNumber = shape.length === 1 || shape[1] === 1;
  if (task === 'regression' && values?.length === 2) return 'binary';
  if (task === 'binary' && values === undefined && isOneNumber) return 'regression';
  if (task !== 'regression' && values === undefined) {
    throw new RefusedModel(
      `the graph's output "${output}" is ${shapeText(shape)}, a score a class, and the label holds amounts, not classes`,
      'Name the right --label.',
    );
  }
  return task;
}

/** The classes as the labels write them, in the order in which trainers put them: sorted. */
function classesOf(
  mapping: ScoreMapping,
  values: readonly (string | number)[] | undefined,
  label: string,
): { readonly names: readonly (string | number)[]; readonly assumptions: readonly string[] } {
  const found = values ?? [];
  const known = new Set(mapping.classes.map(String));
  if (found.every((value) => known.has(String(value)))) {
    const absent = mapping.classes.filter((name) => !found.some((value) => String(value) === String(name)));
    const gap = `the model answers ${mapping.classes.length} classes, and no row of the data has ${absent.join(' or ')}`;
    return { names: mapping.classes, assumptions: absent.length === 0 ? [] : [gap] };
  }
  const wanted = mapping.task === 'binary' ? 2 : mapping.classes.length;
  if (wanted > 0 && found.length !== wanted) {
    throw new RefusedModel(
      `the model answers ${wanted} classes, and the label "${label}" holds ${found.length} values: ${found.slice(0, 10).join(', ')}`,
      'Name the right --label, or data in which every class occurs.',
    );
  }
  const positive = mapping.task === 'binary' ? `; ${String(found[1])} is the positive one` : '';
  return { names: found, assumptions: [`the classes are ${found.join(', ')}, in this order${positive}`] };
}

/** The different values of a label, sorted; undefined when they are amounts. */
export function classesIn(column: Column): readonly (string | number)[] | undefined {
  if (column.kind === 'list')
    throw new RefusedModel(`the label "${column.name}" is a column of lists; expected numbers or classes`);
  if (column.kind === 'category') {
    const used = new Set(column.codes.filter((code) => code >= 0));
    return [...used].flatMap((code) => column.dictionary[code] ?? []).toSorted();
  }
  const numbers = new Set(Array.from(column.values, Number).filter((value) => !Number.isNaN(value)));
  const areClasses = numbers.size <= mostClasses && [...numbers].every((value) => Number.isInteger(value));
  return areClasses ? [...numbers].toSorted((a, b) => a - b) : undefined;
}
