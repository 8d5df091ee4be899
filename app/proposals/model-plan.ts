import type { Manifest, RolloutStep } from '../../checks/manifest/manifest.ts';
import type { Report } from '../../checks/report/report.ts';
import { durationText } from '../../checks/manifest/duration.ts';
import type { PlanRow } from '../dashboard/views.ts';

/** One side of a plan: what a manifest makes of callers' requests. */
export interface PlanSide {
  readonly manifest: Manifest;
  readonly revision: string;
}

/** What would change in production if a proposal were merged: only rows that differ, version and model file always. */
export function planRows(champion: PlanSide | undefined, candidate: PlanSide): readonly PlanRow[] {
  const rows = aspects.flatMap((aspect): readonly PlanRow[] => {
    const { subject, always } = aspect;
    const before = champion === undefined ? undefined : aspect.value(champion);
    const after = aspect.value(candidate);
    if (!always && (before === after || (champion === undefined && after === 'none'))) return [];
    const said = aspect.note?.(champion?.manifest, candidate.manifest);
    return [
      {
        subject,
        ...(before === undefined ? {} : { champion: before }),
        candidate: after,
        ...(said === undefined ? {} : { note: said }),
      },
    ];
  });
  return [...rows, { subject: 'rollout', candidate: rolloutText(champion, candidate.manifest) }];
}

/**
 * The plan with the columns that the graph newly needs: a manifest may leave its inputs to the graph, so that two manifests do not
 * differ in them while the models do.
 */
export function withNewColumns(rows: readonly PlanRow[], { checks }: Report): readonly PlanRow[] {
  const finding = checks.flatMap(({ findings }) => findings).find(({ id }) => id === 'artifact/contract/new-columns');
  const columns = finding?.measured['columns'];
  if (!Array.isArray(columns) || rows.some(({ subject }) => subject === 'inputs')) return rows;
  const names = columns.map(String);
  const row: PlanRow = {
    subject: 'inputs',
    candidate: names.length === 1 ? 'one column more' : `${names.length} columns more`,
    note: `newly read: ${listText(names)}`,
  };
  const place = rows.findIndex(({ subject }) => subject === 'rollout');
  return rows.toSpliced(place === -1 ? rows.length : place, 0, row);
}

interface Aspect {
  readonly subject: string;
  readonly always: boolean;
  value(side: PlanSide): string;
  note?(champion: Manifest | undefined, candidate: Manifest): string | undefined;
}

const aspects: readonly Aspect[] = [
  { subject: 'version', always: true, value: ({ manifest }) => manifest.version },
  { subject: 'model file', always: true, value: ({ manifest }) => short(manifest.artifact.sha256) },
  { subject: 'feature code', always: false, value: ({ manifest }) => short(manifest.features?.sha256 ?? 'none') },
  {
    subject: 'inputs',
    always: false,
    value: ({ manifest }) => listText(columnsOf(manifest)),
    note: (champion, candidate) =>
      champion === undefined ? undefined : differenceText(columnsOf(champion), columnsOf(candidate)),
  },
  { subject: 'task', always: false, value: ({ manifest }) => manifest.outputs.task ?? 'told from the graph' },
  {
    subject: 'classes',
    always: false,
    value: ({ manifest }) => listText((manifest.outputs.classes ?? []).map(String)),
  },
  { subject: 'threshold', always: false, value: ({ manifest }) => String(manifest.outputs.threshold ?? 'none') },
  { subject: 'evaluation data', always: false, value: ({ manifest }) => short(manifest.evaluation.data.sha256) },
  { subject: 'largest batch', always: false, value: ({ manifest }) => String(manifest.serving.maxBatch) },
  { subject: 'breaking', always: false, value: ({ manifest }) => manifest.breaking ?? 'none' },
  {
    subject: 'replicas',
    always: false,
    value: ({ manifest }) => `${manifest.replicas.min} to ${manifest.replicas.max}`,
  },
];

const digestShown = 12;
const listShown = 12;

function short(digest: string): string {
  return digest.slice(0, digestShown);
}

function columnsOf(manifest: Manifest): readonly string[] {
  const columns =
    manifest.inputs.length > 0 ? manifest.inputs.flatMap(({ columns: names }) => names) : Object.keys(manifest.columns);
  return [...new Set(columns)].filter((name) => name !== manifest.evaluation.label).toSorted();
}

function listText(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > listShown ? `, … (${names.length})` : '';
  return names.slice(0, listShown).join(', ') + more;
}

function differenceText(before: readonly string[], after: readonly string[]): string | undefined {
  const added = after.filter((name) => !before.includes(name));
  const gone = before.filter((name) => !after.includes(name));
  const parts = [
    added.length === 0 ? undefined : `newly read: ${added.join(', ')}`,
    gone.length === 0 ? undefined : `no longer read: ${gone.join(', ')}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

function rolloutText(champion: PlanSide | undefined, { rollout }: Manifest): string {
  if (champion === undefined) return 'all traffic at once: nothing runs yet';
  const steps = rollout.steps.map(stepText).join(', ');
  return `${rollout.strategy}: ${steps === '' ? '' : `${steps}, then `}all; at least ${rollout.minimum} requests a step, errors +${percent(rollout.analysis.errors)}, latency × ${rollout.analysis.latency}`;
}

function stepText(step: RolloutStep): string {
  switch (step.kind) {
    case 'weight':
      return `${step.weight} % for ${durationText(step.forMs)}`;
    case 'shadow':
      return `shadow for ${durationText(step.forMs)}`;
    case 'pause':
      return 'wait for /resume';
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

export interface PlannedModel {
  readonly model: string;
  readonly version?: string;
  /** The version in production. */
  readonly against?: string;
  readonly rows: readonly PlanRow[];
  /** `success`, `failure`, … of the newest judgement. */
  readonly conclusion: string;
  readonly title: string;
  /** Other open proposals that change this model. */
  readonly others: readonly number[];
  /** Set when the manifest is taken away. */
  readonly removed?: boolean;
}

export interface PlanComment {
  readonly models: readonly PlannedModel[];
  readonly headSha: string;
  /** What it would be merged into: `main@1a2b3c4`. */
  readonly base: string;
  readonly approvals: readonly string[];
  readonly detailsUrl?: string;
  /** Who may waive, as the policy says. */
  readonly waivedBy: string;
}

/** The one comment on a pull request: what would change in production, if it were merged. */
export function planComment(plan: PlanComment): string {
  const link = plan.detailsUrl === undefined ? '' : ` [All numbers](${plan.detailsUrl})`;
  const foot = `<sub>${plan.headSha.slice(0, 7)} into ${plan.base} · ${approvalsOpen}${approvedText(plan.approvals)}${approvalsClose} · \`/help\` lists what can be said here</sub>`;
  return [
    `### Model plan: what would change in production${link === '' ? '' : ` ·${link}`}`,
    ...plan.models.map((model) => modelText(model, plan.waivedBy)),
    foot,
  ].join('\n\n');
}

const approvalsOpen = '<!-- approvals -->';
const approvalsClose = '<!-- /approvals -->';

/** The comment with other approvals: a review changes nothing else of the plan. */
export function withApprovals(comment: string, approvals: readonly string[]): string {
  const start = comment.indexOf(approvalsOpen);
  const end = comment.indexOf(approvalsClose);
  if (start === -1 || end < start) return comment;
  return comment.slice(0, start + approvalsOpen.length) + approvedText(approvals) + comment.slice(end);
}

function modelText(model: PlannedModel, waivedBy: string): string {
  if (model.removed === true)
    return `**${model.model}** would be taken out of git. What runs is retired only when the policy says \`prune: true\`.`;
  const name = model.version === undefined ? model.model : `${model.model} ${model.version}`;
  const against = model.against === undefined ? 'the first version' : `in place of ${model.against}`;
  const others =
    model.others.length === 0
      ? []
      : [
          `${model.others.map((number) => `#${number}`).join(', ')} would change ${model.model} as well: whichever is merged second is judged again, against what the first one made of production.`,
        ];
  const waiver =
    model.conclusion === 'success'
      ? []
      : [`If a finding is understood and accepted: \`/waive FINDING until DATE because …\` (${waivedBy}).`];
  return [`**${name}**, ${against}: ${verdictText(model)}`, tableText(model.rows), ...others, ...waiver].join('\n\n');
}

const verdictWords: Readonly<Record<string, string>> = {
  success: 'may be merged',
  failure: 'blocked',
  action_required: 'cannot be said yet',
};

/** Check titles begin small and end open, since they mostly stand alone. */
function verdictText({ conclusion, title }: PlannedModel): string {
  const word = `**${verdictWords[conclusion] ?? conclusion}**`;
  const end = /[.!?]$/.test(title) ? '' : '.';
  if (title === '') return `${word}.`;
  return `${word}${conclusion === 'failure' ? ' by ' : ': '}${title}${end}`;
}

function tableText(rows: readonly PlanRow[]): string {
  const lines = rows.map(({ subject, champion, candidate, note }) => {
    const after = [candidate ?? '', note === undefined ? '' : `(${note})`].filter((part) => part !== '').join(' ');
    return `| ${subject} | ${cell(champion ?? '–')} | ${cell(after)} |`;
  });
  return ['| | in production | this proposal |', '|---|---|---|', ...lines].join('\n');
}

function approvedText(approvals: readonly string[]): string {
  return approvals.length === 0
    ? 'nobody has approved this commit'
    : `approved by ${approvals.map((login) => `@${login}`).join(', ')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
