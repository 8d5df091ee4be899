import { createHash } from 'node:crypto';
import type { ManifestSummary } from '../../checks/report/manifest-summary.ts';
import { comparisonOf } from '../../checks/report/measured.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import { worstFirst } from '../../checks/report/worst-first.ts';

/**
 * A machine-learning bill of materials: the models as components with their model cards, their data as components beside them.
 *
 * Reference: CycloneDX 1.6 (ECMA-424), https://cyclonedx.org/docs/1.6/json/. The same reports give the same bytes: it has no time of its own, and its
 * serial number follows from what it holds.
 */
export function mlBom(reports: readonly Report[]): string {
  const components = reports.flatMap((report) => [
    modelComponent(report),
    ...dataOf(report).map(({ component }) => component),
  ]);
  const [only] = reports;
  const slipway = only?.environment.slipway;
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(components))}`,
    version: 1,
    metadata: {
      tools: {
        components: [{ type: 'application', name: 'slipway', ...(slipway === undefined ? {} : { version: slipway }) }],
      },
      ...(reports.length === 1 && only !== undefined
        ? {
            component: {
              type: 'machine-learning-model',
              'bom-ref': `${refOf(only)}#subject`,
              name: only.model,
              version: only.version,
            },
          }
        : {}),
    },
    components: unique(components),
    dependencies: reports.map((report) => ({
      ref: refOf(report),
      dependsOn: unique(dataOf(report).map(({ component }) => component)).map((component) => component['bom-ref']),
    })),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

const refOf = ({ model, version }: Report): string => `model:${model}@${version}`;

/** Version 8 of RFC 9562: bits of a digest, since it is a name and not a draw. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

const unique = <T extends { readonly 'bom-ref': string }>(components: readonly T[]): readonly T[] => [
  ...new Map(components.map((component) => [component['bom-ref'], component])).values(),
];

function modelComponent(report: Report) {
  const { model, version, digest, revision, manifest, conclusion } = report;
  return {
    type: 'machine-learning-model',
    'bom-ref': refOf(report),
    name: model,
    version,
    ...(manifest?.description === undefined ? {} : { description: manifest.description }),
    ...(manifest === undefined || manifest.owners.length === 0
      ? {}
      : { authors: manifest.owners.map((name) => ({ name })) }),
    ...(digest === '' ? {} : { hashes: [{ alg: 'SHA-256', content: digest.replace(/^sha256:/, '') }] }),
    ...externalReferencesOf(manifest),
    modelCard: {
      'bom-ref': `${refOf(report)}#card`,
      modelParameters: parametersOf(report),
      quantitativeAnalysis: { performanceMetrics: metricsOf(report) },
      ...considerationsOf(report),
    },
    properties: [
      { name: 'slipway:revision', value: revision },
      { name: 'slipway:conclusion', value: conclusion },
      ...(report.evidence === undefined ? [] : [{ name: 'slipway:evidence', value: report.evidence.key }]),
      ...Object.entries(manifest?.labels ?? {}).map(([name, value]) => ({ name: `label:${name}`, value })),
    ],
  };
}

/** A URI of the specification allows no blanks and the like; what cannot be written is left out. */
function externalReferencesOf(manifest: ManifestSummary | undefined) {
  const training = manifest?.training;
  const references = [
    { type: 'distribution', url: manifest?.artifact.uri },
    { type: 'vcs', url: training?.repository },
  ].flatMap(({ type, url }) => (url === undefined || !/^[!-~]+$/.test(url) ? [] : [{ type, url }]));
  return references.length === 0 ? {} : { externalReferences: references };
}

const TASKS = {
  binary: 'binary classification',
  multiclass: 'multiclass classification',
  regression: 'regression',
} as const;

function parametersOf(report: Report) {
  const { manifest } = report;
  const datasets = dataOf(report).map(({ component }) => ({ ref: component['bom-ref'] }));
  return {
    approach: { type: 'supervised' },
    ...(manifest?.task === undefined ? {} : { task: TASKS[manifest.task] }),
    modelArchitecture: 'ONNX graph',
    ...(datasets.length === 0 ? {} : { datasets }),
    ...(manifest === undefined || manifest.inputs.length === 0
      ? {}
      : {
          inputs: manifest.inputs.map(({ column, type }) => ({
            format: `${column}: ${type ?? 'as the graph takes it'}`,
          })),
        }),
    ...(manifest === undefined ? {} : { outputs: [{ format: outputWords(manifest) }] }),
  };
}

const outputWords = ({ evaluation, outputs: { classes } }: ManifestSummary): string =>
  `${evaluation.label}${classes === undefined ? '' : `: ${classes.join(', ')}`}`;

/** Each metric as it was measured, and each difference with its interval: the specification has no word for a comparison but the slice's. */
function metricsOf(report: Report) {
  const against = report.baseline.version === undefined ? 'the baseline' : report.baseline.version;
  const own = report.checks
    .filter(({ name }) => name === 'baseline' || name === 'cohorts')
    .flatMap(({ findings }) => findings)
    .filter(
      ({ id, measured }) => measured.intersection !== true && (id.startsWith('cohorts/') || id.split('/').length === 2),
    );
  return own.flatMap((finding) => {
    const comparison = comparisonOf(finding);
    if (comparison === undefined) return [];
    const { metric, cohort, candidate, difference, interval } = comparison;
    const slice = cohort === undefined ? {} : { slice: cohort };
    return [
      { type: metric, value: String(candidate), ...slice },
      {
        type: `${metric}, difference from ${against}`,
        value: String(difference),
        ...slice,
        confidenceInterval: { lowerBound: String(interval.lower), upperBound: String(interval.upper) },
      },
    ];
  });
}

function considerationsOf(report: Report) {
  const impact = report.manifest?.impact;
  const mitigation = impact?.mitigations.join('; ') ?? '';
  const ethical = [
    ...(impact === undefined ? [] : [`severity ${impact.severity}`]),
    ...(impact?.personalData.map((each) => `personal data: ${each}`) ?? []),
    ...(report.manifest?.inputs
      .filter((input) => input.protected === true)
      .map(({ column }) => `protected column among the inputs: ${column}`) ?? []),
  ];
  const limits = openFindings(report)
    .filter(({ id }) => !id.startsWith('cohorts/'))
    .map(({ id, reason }) => `${id}: ${reason}`);
  const considerations = {
    ...(impact?.affected === undefined ? {} : { users: [impact.affected] }),
    ...(impact?.decision === undefined ? {} : { useCases: [impact.decision] }),
    ...(limits.length === 0 ? {} : { technicalLimitations: limits }),
    ...(ethical.length === 0
      ? {}
      : {
          ethicalConsiderations: ethical.map((name) => ({
            name,
            ...(mitigation === '' ? {} : { mitigationStrategy: mitigation }),
          })),
        }),
    ...fairnessOf(report),
  };
  return Object.keys(considerations).length === 0 ? {} : { considerations };
}

/** Groups that are worse off, or of which nobody can say it while it may matter. */
function fairnessOf(report: Report) {
  const harmed = openFindings(report).flatMap((finding) => {
    const cohort = comparisonOf(finding)?.cohort;
    return cohort === undefined || finding.verdict === 'inconclusive'
      ? []
      : [
          {
            groupAtRisk: cohort,
            harms: finding.reason,
            ...(finding.next === undefined ? {} : { mitigationStrategy: finding.next }),
          },
        ];
  });
  return harmed.length === 0 ? {} : { fairnessAssessments: harmed };
}

const MOST_LIMITS = 50;

const openFindings = ({ checks }: Report): readonly Finding[] =>
  worstFirst(checks.flatMap(({ findings }) => findings))
    .filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable')
    .slice(0, MOST_LIMITS);

interface DataComponent {
  readonly component: {
    readonly type: 'data';
    readonly 'bom-ref': string;
    readonly name: string;
    readonly hashes: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
    readonly data: readonly {
      readonly type: 'dataset';
      readonly name: string;
      readonly contents: { readonly url: string };
    }[];
  };
}

/** Evaluation, reference and training data; one that plays two parts is one component. */
function dataOf({ manifest }: Report): readonly DataComponent[] {
  if (manifest === undefined) return [];
  const all = [
    { role: 'evaluation data', ...manifest.evaluation },
    ...(manifest.reference === undefined ? [] : [{ role: 'reference data', ...manifest.reference }]),
    ...(manifest.training?.data ?? []).map((data) => ({ role: 'training data', ...data })),
  ];
  return all.map(({ role, uri, sha256 }) => ({
    component: {
      type: 'data',
      'bom-ref': `data:${sha256}`,
      name: uri,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
      data: [{ type: 'dataset', name: role, contents: { url: encodeURI(uri) } }],
    },
  }));
}
