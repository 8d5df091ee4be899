import type { Finding } from '../report/report.ts';
import { type GoldenFiles, goldensLoosened } from './goldens-loosened.ts';
import { evaluationChanged, loosenedFindings } from './loosened.ts';
import type { LoadedManifest } from './manifest.ts';
import type { Task } from './metric-defaults.ts';
import type { ParsedManifest } from './parse-manifest.ts';
import type { Policy } from './policy.ts';
import { findingOfProblem } from './problem.ts';
import {
  columnsAreInTheData,
  labelIsNoInput,
  piiColumnsAreNoInputs,
  protectedColumnsAreNoInputs,
} from './rules/inputs.ts';
import { folderIsNamed, nameIsUnique, versionIsBoundOnce } from './rules/names.ts';
import { hostsAreAllowed, pathsStayInside, referencesResolve } from './rules/references.ts';
import type { BoundVersion, ManifestContext, Rule } from './rules/rule.ts';
import { weightsDoNotFall } from './rules/steps.ts';
import { isMapping } from './schemas.ts';
import { readYaml } from './yaml-document.ts';

/** Everything that the manifest's own findings depend on; what could not be found out is left undefined, never guessed. */
export interface ManifestQuestion extends Omit<ManifestContext, 'proposal'> {
  readonly proposal: ParsedManifest;
  /** The same model on the default branch. */
  readonly base?: LoadedManifest;
  readonly policy: Policy;
  readonly bindings: readonly BoundVersion[];
  /** What the graph says, where the manifest does not: it decides the default metrics. */
  readonly task?: Task;
  /** Text of both goldens files, where there are any. */
  readonly goldens?: GoldenFiles;
}

const rules: readonly Rule[] = [
  folderIsNamed,
  nameIsUnique,
  versionIsBoundOnce,
  pathsStayInside,
  hostsAreAllowed,
  referencesResolve,
  columnsAreInTheData,
  labelIsNoInput,
  protectedColumnsAreNoInputs,
  piiColumnsAreNoInputs,
  weightsDoNotFall,
];

/**
 * Every finding of the manifest check: the schema's, each rule's that no schema can say, and `manifest/loosened`; passes
 * with their numbers. `manifest/evaluation-changed` is not among them: it rests on answers, see `evaluationChanged`.
 */
export function manifestFindings(question: ManifestQuestion): readonly Finding[] {
  const { proposal, base, policy, task, goldens } = question;
  if (proposal.kind === 'refused') return proposal.problems.map(findingOfProblem);
  const { loaded } = proposal;
  const context: ManifestContext = { ...question, proposal: loaded };
  return [
    schemaFinding(loaded),
    ...rules.flatMap((rule) => rule(context)),
    ...loosenedFindings(loaded, base, policy, task),
    ...goldensLoosened(loaded, goldens),
  ];
}

function schemaFinding(loaded: LoadedManifest): Finding {
  const values = countOfValues(loaded);
  const defaults = Object.keys(loaded.defaults).length;
  const reason = `${values} values follow the schema, ${defaults} defaults used`;
  return { id: 'manifest/schema', verdict: 'pass', severity: 'blocking', reason, measured: { values, defaults } };
}

function countOfValues(loaded: LoadedManifest): number {
  const document = readYaml(loaded.source, loaded.path, 'manifest');
  const count = (value: unknown): number => {
    if (Array.isArray(value)) return value.reduce<number>((sum, item: unknown) => sum + count(item), 0);
    return isMapping(value) ? Object.values(value).reduce<number>((sum, item) => sum + count(item), 0) : 1;
  };
  return document.kind === 'read' ? count(document.value) : 0;
}

export { evaluationChanged };
