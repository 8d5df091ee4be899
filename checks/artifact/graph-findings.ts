import { runtimeVersions } from '../../serving/model/runtime-versions.ts';
import type { ArtifactEvidence, GraphFacts } from '../evidence/evidence.ts';
import { fail, inconclusive, missingFinding, pass } from '../finding.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import { countText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { type Counts, type OperatorKinds, operatorKinds } from './operator-kinds.ts';

type At = { readonly at: NonNullable<Finding['at']> };

/** What the ONNX file says about itself, read without the runtime: one finding with its numbers, and one for each thing that is wrong with it. */
export function graphFindings({
  artifact: { graph, files, misfits },
  proposal,
}: {
  readonly artifact: Pick<ArtifactEvidence, 'graph' | 'files' | 'misfits'>;
  readonly proposal: Pick<LoadedManifest, 'place'>;
}): readonly Finding[] {
  const at = { at: proposal.place('/artifact') };
  if (graph.kind === 'missing')
    return files.some(({ problem }) => problem !== undefined)
      ? []
      : [missingFinding('artifact', 'graph', { ...graph, ...at })];
  const facts = graph.value;
  const kinds = operatorKinds(facts);
  const sizeBytes = files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
  const outside = misfits.some(({ id }) => id === 'artifact/external-data');
  return [
    graphFinding(facts, kinds, sizeBytes),
    ...opsetFindings(facts, at),
    operatorsFinding(facts, kinds, at),
    ...trainingFindings(facts, at),
    randomFinding(facts, at),
    ...quantisedFindings(kinds, at),
    ...loopFindings(kinds, at),
    ...(outside ? [] : [externalFinding(facts)]),
  ];
}

function graphFinding(facts: GraphFacts, kinds: OperatorKinds, sizeBytes: number): Finding {
  const { irVersion, opsets, operators, subgraphs, functions, parameters, treeNodes, producer } = facts;
  const sets = opsets.map(({ domain, version }) => `${domain === '' ? 'ai.onnx' : domain} ${version}`);
  const nodes = operators.reduce((sum, { count }) => sum + count, 0);
  const holds = [
    plural(nodes, 'node'),
    ...(parameters > 0 ? [plural(parameters, 'parameter')] : []),
    ...(treeNodes > 0 ? [`${countText(treeNodes)} nodes of trees`] : []),
    ...(subgraphs > 0 ? [plural(subgraphs, 'graph') + ' inside'] : []),
  ];
  return pass('artifact/graph', `an ONNX graph of ${holds.join(', ')} (${sets.join(', ')})`, {
    irVersion,
    opsets: sets,
    nodes,
    parameters,
    treeNodes,
    subgraphs,
    functions,
    sizeBytes,
    kindsOfOperators: operators.length,
    quantised: sumOf(kinds.quantised),
    loops: sumOf(kinds.loops),
    branches: sumOf(kinds.branches),
    producer,
  });
}

function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function namesOf(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`))
    .join(', ');
}

/** Told beside `artifact/load`, which says whether the runtime takes it all the same. */
function opsetFindings({ irVersion, opsets }: GraphFacts, at: At): readonly Finding[] {
  const { oldestOpset, newestOpset, newestIr } = runtimeVersions;
  const opset = opsets.find(({ domain }) => domain === '')?.version;
  const measured = { irVersion, opset: opset ?? null, oldestOpset, newestOpset, newestIr };
  const told = (reason: string, next: string) => [
    fail('artifact/opset', reason, measured, { ...at, advisory: true, next }),
  ];
  if (irVersion > newestIr)
    return told(
      `its file format (IR version ${irVersion}) is newer than the runtime's, ${newestIr}`,
      `Export it with an older onnx package, or set model.ir_version = ${newestIr}.`,
    );
  if (opset !== undefined && opset > newestOpset)
    return told(
      `its operators (ai.onnx ${opset}) are newer than the runtime's, ${newestOpset}`,
      `Export it with opset_version=${newestOpset} or lower.`,
    );
  if (opset !== undefined && opset < oldestOpset)
    return told(
      `its operators (ai.onnx ${opset}) are older than those that the runtime guarantees, from ${oldestOpset}`,
      'Convert it: onnx.version_converter.convert_version(model, 17), or export it again.',
    );
  return [];
}

function operatorsFinding({ operators }: GraphFacts, { custom }: OperatorKinds, at: At): Finding {
  const kinds = operators.length;
  const names = Object.keys(custom);
  if (names.length === 0)
    return pass('artifact/operators', `${plural(kinds, 'kind')} of operators, all of which come with the runtime`, {
      kinds,
    });
  return fail(
    'artifact/operators',
    `it uses operators that come with no runtime: ${names.join(', ')}`,
    { kinds, custom: names },
    { ...at, advisory: true, next: 'Export it with operators of ai.onnx and ai.onnx.ml alone.' },
  );
}

const EXPORT_FOR_INFERENCE =
  'Export the graph for inference: in PyTorch model.eval() before torch.onnx.export, and no training=TrainingMode.TRAINING.';

/**
 * Blocks although today's optimiser may take the node out: what a graph answers must not hang on the optimisation level of whoever runs it. A
 * mode that only a run can tell is told.
 */
function trainingFindings({ training }: GraphFacts, at: At): readonly Finding[] {
  const certain = training.filter((node) => node.certain);
  const [first] = certain.length > 0 ? certain : training;
  if (first === undefined) return [pass('artifact/training-mode', 'no node is in training mode', { nodes: [] })];
  const told = certain.length > 0 ? certain : training;
  const others = told.length === 1 ? '' : `, and ${plural(told.length - 1, 'more node')}`;
  const reason = `${first.type} at node "${first.node}": ${first.why}${others}`;
  const measured = { nodes: told.map(({ type, node }) => `${type} ${node}`), certain: certain.length };
  return certain.length > 0
    ? [fail('artifact/training-mode', reason, measured, { ...at, next: EXPORT_FOR_INFERENCE })]
    : [
        inconclusive('artifact/training-mode', reason, measured, {
          ...at,
          advisory: true,
          next: EXPORT_FOR_INFERENCE,
        }),
      ];
}

/** Told here, judged where it shows: `reproducibility` asks whether answers differ. What trains is told above. */
function randomFinding({ random, training }: GraphFacts, at: At): Finding {
  const trains = new Set(training.map(({ node }) => node));
  const draws = random.filter(({ node }) => !trains.has(node));
  const [first] = draws;
  if (first === undefined) return pass('artifact/random', 'no operator draws random numbers', { random: 0 });
  const others = draws.length === 1 ? '' : `, and ${plural(draws.length - 1, 'more node')}`;
  return fail(
    'artifact/random',
    `${first.type} at node "${first.node}": ${first.why}${others}`,
    { random: draws.length, nodes: draws.map(({ type, node }) => `${type} ${node}`) },
    {
      ...at,
      advisory: true,
      next: 'Export the graph without sampling operators (for PyTorch model.eval() first).',
    },
  );
}

/** Fixed scales are a usual way to be fast; scales of the batch make a row's answer depend on its neighbours, which `golden/batch` measures. */
function quantisedFindings({ quantised, scaledByBatch }: OperatorKinds, at: At): readonly Finding[] {
  const count = sumOf(quantised);
  if (count === 0) return [];
  const measured = { quantised, scaledByBatch };
  if (sumOf(scaledByBatch) === 0)
    return [
      pass('artifact/quantised', `${plural(count, 'quantised operator')}, with scales that the file fixes`, measured),
    ];
  return [
    fail(
      'artifact/quantised',
      `${namesOf(scaledByBatch)}: numbers are scaled by the largest of the whole batch, so that a row's answer depends on what it is batched with (golden/batch measures it)`,
      measured,
      {
        ...at,
        advisory: true,
        next: 'Quantise with fixed scales (quantize_static with calibration data), or say serving: { maxBatch: 1 }.',
      },
    ),
  ];
}

function loopFindings({ loops, branches }: OperatorKinds, at: At): readonly Finding[] {
  const measured = { loops, branches };
  if (sumOf(loops) > 0)
    return [
      inconclusive(
        'artifact/control-flow',
        `${namesOf(loops)}: how often the body runs follows from values, so the time of a request cannot be told from the file`,
        measured,
        {
          ...at,
          advisory: true,
          next: 'Bound the number of turns in the graph, and declare performance.p99Ms; a row that never ends is cut off by limits.checkMinutes here and by the request limit of the fleet.',
        },
      ),
    ];
  return sumOf(branches) === 0
    ? []
    : [
        pass(
          'artifact/control-flow',
          `${namesOf(branches)}: a value chooses between branches, each of which ends; rows may take different times`,
          measured,
        ),
      ];
}

function externalFinding({ externalData }: GraphFacts): Finding {
  return pass(
    'artifact/external-data',
    externalData.length === 0
      ? 'all weights lie in the file itself'
      : `all ${externalData.length} external files are declared with their digest`,
    { locations: externalData },
  );
}
