import { decimalsForDifference, intervalText, numberText, plural, signedText } from '../../checks/report/format.ts';
import type { ManifestSummary } from '../../checks/report/manifest-summary.ts';
import { codeText, escapedText, tableText } from '../../checks/report/markdown.ts';
import { comparisonOf } from '../../checks/report/measured.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import { figuresOf } from '../../checks/report/comparison-figures.ts';
import { textFigure } from '../../checks/report/text-figure.ts';
import { verdictWord } from '../../checks/report/verdict-word.ts';
import { worstFirst } from '../../checks/report/worst-first.ts';

/**
 * Model cards in Markdown, from manifests and results alone: what nobody declared is said to be undeclared, never guessed.
 *
 * Sections as Mitchell et al. (2019), "Model Cards for Model Reporting", doi:10.1145/3287560.3287596.
 */
export function modelCards(reports: readonly Report[]): string {
  return `${reports.map(modelCard).join('\n\n---\n\n')}\n`;
}

function modelCard(report: Report): string {
  const { manifest } = report;
  return [
    `# ${escapedText(report.model)} ${escapedText(report.version)}`,
    manifest?.description === undefined ? '' : escapedText(manifest.description),
    '## Model details',
    listOf(detailsOf(report)),
    '## Intended use',
    listOf(useOf(manifest)),
    '## Inputs',
    inputsOf(manifest),
    '## Metrics',
    metricsOf(report),
    '## Factors: how it fares for whom',
    cohortsOf(report),
    '## What drives it',
    importanceOf(report),
    '## Evaluation data',
    listOf(evaluationOf(report)),
    '## Training data',
    listOf(trainingOf(manifest)),
    '## Ethical considerations',
    listOf(ethicsOf(manifest)),
    '## Caveats: what failed, and what nobody can say',
    caveatsOf(report),
    `<sub>Written by slipway ${escapedText(report.environment.slipway)} from its manifest and results${report.evidence === undefined ? '' : `, evidence \`${report.evidence.key}\``}.</sub>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

type Entry = readonly [name: string, value: string | undefined];

const UNDECLARED = '_not declared_';

const listOf = (entries: readonly Entry[]): string =>
  entries.map(([name, value]) => `- **${name}**: ${value ?? UNDECLARED}`).join('\n');

const said = (text: string | undefined): string | undefined => (text === undefined ? undefined : escapedText(text));
const listed = (items: readonly string[] | undefined): string | undefined =>
  items === undefined || items.length === 0 ? undefined : items.map(escapedText).join(', ');
const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``;

const CONCLUSIONS = {
  success: 'passes every required check',
  failure: 'blocked: a required check fails',
  action_required: 'not decided: a required check cannot say',
} as const satisfies Record<Report['conclusion'], string>;

function detailsOf({ version, revision, digest, conclusion, baseline, manifest }: Report): readonly Entry[] {
  return [
    ['Owners', listed(manifest?.owners)],
    ['Version', `${escapedText(version)}, revision ${code(revision)}`],
    ['Artifact', `${manifest === undefined ? 'ONNX' : code(manifest.artifact.uri)}, ${code(digest)}`],
    ['Task', said(manifest?.task)],
    ['Classes', listed(manifest?.outputs.classes?.map(String))],
    ['Decision threshold', manifest?.outputs.threshold === undefined ? undefined : String(manifest.outputs.threshold)],
    [
      'Judged',
      `${CONCLUSIONS[conclusion]}, against ${baseline.version === undefined ? 'a simple model' : escapedText(baseline.version)}`,
    ],
    ['Review by', said(manifest?.reviewBy)],
  ];
}

const useOf = (manifest: ManifestSummary | undefined): readonly Entry[] => [
  ['Decision', said(manifest?.impact?.decision)],
  ['Affected', said(manifest?.impact?.affected)],
  ['Severity', said(manifest?.impact?.severity)],
  ['Reversible', manifest?.impact?.reversible === undefined ? undefined : manifest.impact.reversible ? 'yes' : 'no'],
];

function inputsOf(manifest: ManifestSummary | undefined): string {
  if (manifest === undefined || manifest.inputs.length === 0) return UNDECLARED;
  return tableText(
    [{ title: 'column' }, { title: 'type' }, { title: '' }],
    manifest.inputs.map((input) => [
      escapedText(input.column),
      said(input.type) ?? 'as the graph takes it',
      [
        input.protected === true ? `protected${input.why === undefined ? '' : `: ${escapedText(input.why)}`}` : '',
        input.pii === true ? 'personal data' : '',
      ]
        .filter((part) => part !== '')
        .join('; '),
    ]),
  );
}

const findingsOf = (report: Report, check: string): readonly Finding[] =>
  report.checks.find(({ name }) => name === check)?.findings ?? [];

function metricsOf(report: Report): string {
  const rows = findingsOf(report, 'baseline').filter(({ id }) => id.split('/').length === 2);
  return comparisonTable(rows, 'metric') ?? 'No metric was compared.';
}

function cohortsOf(report: Report): string {
  const findings = worstFirst(findingsOf(report, 'cohorts')).filter(({ measured }) => measured.intersection !== true);
  return comparisonTable(findings, 'cohort') ?? 'No cohorts were compared.';
}

function comparisonTable(findings: readonly Finding[], what: string): string | undefined {
  const rows = findings.flatMap((finding) => {
    const comparison = comparisonOf(finding);
    if (comparison === undefined) return [];
    const { metric, cohort, candidate, baseline, difference, interval, n } = comparison;
    const decimals = decimalsForDifference(baseline, difference);
    return [
      [
        escapedText(cohort === undefined ? metric : `${cohort}: ${metric}`),
        numberText(n, 0),
        numberText(candidate, decimals),
        numberText(baseline, decimals),
        `${signedText(difference, decimals)} ${intervalText(interval, decimals)}`,
        verdictWord(finding),
      ],
    ];
  });
  if (rows.length === 0) return undefined;
  return tableText(
    [
      { title: what },
      { title: 'rows', align: 'right' },
      { title: 'this version', align: 'right' },
      { title: 'compared with', align: 'right' },
      { title: 'difference, 95 %', align: 'right' },
      { title: '' },
    ],
    rows,
  );
}

function importanceOf(report: Report): string {
  const check = report.checks.find(({ name }) => name === 'explanation');
  const figure = check === undefined ? undefined : figuresOf(check).find(({ id }) => id === 'importance');
  return figure === undefined
    ? 'It was not measured.'
    : `${escapedText(figure.says)}\n\n${codeText(textFigure(figure))}`;
}

function evaluationOf(report: Report): readonly Entry[] {
  const { manifest } = report;
  const rows = Math.max(0, ...findingsOf(report, 'baseline').map((finding) => comparisonOf(finding)?.n ?? 0));
  const drift = report.checks.find(({ name }) => name === 'drift');
  return [
    [
      'Data',
      manifest === undefined
        ? undefined
        : `${code(manifest.evaluation.uri)}, SHA-256 ${code(manifest.evaluation.sha256)}`,
    ],
    ['Rows', rows === 0 ? undefined : plural(rows, 'row')],
    ['Label', said(manifest?.evaluation.label)],
    ['Against production', said(drift?.title)],
  ];
}

function trainingOf(manifest: ManifestSummary | undefined): readonly Entry[] {
  const training = manifest?.training;
  return [
    ['Data', listed(training?.data.map(({ uri, sha256 }) => `${uri} (${sha256.slice(0, 12)})`))],
    [
      'Code',
      training?.commit === undefined
        ? undefined
        : `${said(training.repository) ?? 'this repository'}, commit ${code(training.commit)}`,
    ],
    ['Command', training?.command === undefined ? undefined : code(training.command)],
    ['Lockfile', training?.lockfile === undefined ? undefined : code(training.lockfile.uri)],
    ['Seed', training?.seed === undefined ? undefined : String(training.seed)],
  ];
}

const ethicsOf = (manifest: ManifestSummary | undefined): readonly Entry[] => [
  [
    'Protected columns among the inputs',
    listed(manifest?.inputs.filter((input) => input.protected === true).map(({ column }) => column)) ?? 'none declared',
  ],
  ['Personal data', listed(manifest?.impact?.personalData)],
  ['Lawful basis', said(manifest?.impact?.lawfulBasis)],
  ['Retention', said(manifest?.impact?.retention)],
  ['Mitigations', listed(manifest?.impact?.mitigations)],
];

const MOST_CAVEATS = 25;

function caveatsOf(report: Report): string {
  const open = worstFirst(report.checks.flatMap(({ findings }) => findings)).filter(
    ({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable',
  );
  if (open.length === 0) return 'Every check that was asked passed.';
  const lines = open.slice(0, MOST_CAVEATS).map((finding) => {
    const waiver =
      finding.waiver === undefined
        ? ''
        : ` Waived by ${escapedText(finding.waiver.by)} until ${finding.waiver.until.slice(0, 10)}: ${escapedText(finding.waiver.because)}.`;
    return `- **${finding.severity === 'advisory' && finding.verdict === 'fail' ? 'advisory' : verdictWord(finding)}** ${code(finding.id)}: ${escapedText(finding.reason)}.${waiver}`;
  });
  const more = open.length - lines.length;
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}
