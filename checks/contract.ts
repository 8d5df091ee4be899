import { scoreMappingOf } from '../serving/model/score.ts';
import { shapeText, signatureOf, type ColumnType } from '../serving/model/signature.ts';
import type { Column } from '../serving/model/table.ts';
import type { TensorDeclaration } from '../serving/model/tensor.ts';
import type { Evidence, SessionFacts } from './evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from './finding.ts';
import type { LoadedManifest } from './manifest/manifest.ts';
import { countText, plural } from './report/format.ts';
import type { Finding, Measured } from './report/report.ts';

/** One way in which callers of the champion would notice. */
interface Change {
  readonly id: string;
  readonly reason: string;
  readonly pointer: string;
  /** `breaking`: callers that go on as before are served wrongly, or not at all. */
  readonly effect: 'breaking' | 'unknown' | 'none';
  readonly measured?: Measured;
}

/**
 * What callers of production's version rely on, and whether the candidate keeps it. A breaking change passes when the manifest says under `breaking` that the
 * callers know.
 */
export function contractFindings(evidence: Evidence): readonly Finding[] {
  const { artifact, baseline, proposal } = evidence;
  if (baseline.kind === 'simple')
    return [notApplicable('artifact/contract', 'no version is in production yet, so no caller relies on one')];
  const { session, champion, misfits } = artifact;
  // What does not load or fit is told already; there is nothing to compare.
  if (session.kind === 'missing' || misfits.length > 0) return [];
  const version = baseline.manifest.manifest.version;
  if (champion === undefined || champion.kind === 'missing')
    return [
      inconclusive(
        'artifact/contract',
        `${version}, which callers use now, could not be loaded: ${champion?.reason ?? 'it was not tried'}`,
        {},
      ),
    ];
  const changes = changesOf(
    { loaded: baseline.manifest, facts: champion.value },
    { loaded: proposal, facts: session.value },
    recordedColumns(evidence),
  );
  const declared = proposal.manifest.breaking;
  if (changes.length === 0)
    return [
      pass('artifact/contract', `callers of ${version} get the same outputs and classes for the same columns`, {
        version,
        outputs: champion.value.outputs.map(({ name }) => name),
      }),
    ];
  return changes.map((change) => findingOf(change, version, declared, proposal));
}

function findingOf(
  { id, reason, pointer, effect, measured: numbers }: Change,
  version: string,
  declared: string | undefined,
  proposal: LoadedManifest,
): Finding {
  const measured = { against: version, effect, declared: declared ?? null, ...numbers };
  const at = proposal.place(pointer);
  if (effect === 'none') return pass(id, reason, measured, { at });
  if (effect === 'unknown')
    return inconclusive(id, reason, measured, { at, advisory: true, next: 'Tell the callers before it is merged.' });
  if (declared !== undefined) return pass(id, `${reason}; callers know: ${declared}`, measured, { at });
  return fail(id, reason, measured, {
    at,
    next: 'Keep the contract, or say in the manifest that callers know: breaking: "Callers moved on 2026-10-01".',
  });
}

interface Side {
  readonly loaded: LoadedManifest;
  readonly facts: SessionFacts;
}

function changesOf(before: Side, after: Side, recorded: Recorded | undefined): readonly Change[] {
  return [
    ...outputChanges(before.facts.outputs, after.facts.outputs),
    ...decisionChanges(before, after),
    ...columnChanges(before, after, recorded),
  ];
}

function outputChanges(before: readonly TensorDeclaration[], after: readonly TensorDeclaration[]): readonly Change[] {
  const now = new Map(after.map((output) => [output.name, output]));
  const names = after.map(({ name }) => `"${name}"`).join(', ');
  return before.flatMap((was): readonly Change[] => {
    const is = now.get(was.name);
    const id = `artifact/contract/output/${was.name}`;
    const change = (reason: string): Change => ({ id, reason, pointer: '/artifact', effect: 'breaking' });
    if (is === undefined) return [change(`output "${was.name}" is gone; there are ${names}`)];
    if (is.datatype !== was.datatype) return [change(`output "${was.name}" was ${was.datatype} and is ${is.datatype}`)];
    return isSameShape(was.shape, is.shape)
      ? []
      : [change(`output "${was.name}" had the shape ${shapeText(was.shape)} and has ${shapeText(is.shape)}`)];
  });
}

/** Dimensions that may vary agree with every size. */
function isSameShape(was: readonly number[], is: readonly number[]): boolean {
  return was.length === is.length && was.every((size, axis) => size === -1 || is[axis] === -1 || size === is[axis]);
}

function decisionChanges(before: Side, after: Side): readonly Change[] {
  const was = scoreMappingOf(before.loaded.specification.outputs, before.facts.outputs);
  const is = scoreMappingOf(after.loaded.specification.outputs, after.facts.outputs);
  if (was.kind === 'problem' || is.kind === 'problem') return [];
  if (was.mapping.task !== is.mapping.task)
    return [
      {
        id: 'artifact/contract/task',
        reason: `the task was ${was.mapping.task} and is ${is.mapping.task}`,
        pointer: '/outputs',
        effect: 'breaking',
      },
    ];
  const [old, fresh] = [was.mapping.classes, is.mapping.classes];
  if (JSON.stringify(old) === JSON.stringify(fresh)) return [];
  return [
    {
      id: 'artifact/contract/classes',
      reason: `the classes were ${old.join(', ')} and are ${fresh.join(', ')}`,
      pointer: '/outputs/classes',
      effect: 'breaking',
    },
  ];
}

/** How many recorded requests hold a value of a column, and how many were recorded. */
type Recorded = (column: string) => { readonly carrying: number; readonly told: number };

/** What production recorded of callers' requests, columns that the running version does not read included; undefined when nothing was. */
function recordedColumns({ drift }: Evidence): Recorded | undefined {
  const { against } = drift;
  if (against.kind !== 'window' || against.data.kind === 'missing') return undefined;
  const { columns, rows } = against.data.value.table;
  return (name) => {
    const column = columns.get(name);
    return { carrying: column === undefined ? 0 : carryingRows(column), told: rows };
  };
}

function carryingRows(column: Column): number {
  switch (column.kind) {
    case 'number':
      return column.values.filter((value) => !Number.isNaN(value)).length;
    case 'integer':
      return column.missing.filter((missing) => missing === 0).length;
    case 'category':
      return column.codes.filter((code) => code !== -1).length;
    case 'list':
      return column.values.filter((value) => value !== undefined).length;
  }
}

function columnChanges(before: Side, after: Side, recorded: Recorded | undefined): readonly Change[] {
  const was = new Map(columnsOf(before).map(({ name, type }) => [name, type]));
  const now = columnsOf(after);
  const fresh = now.filter(({ name }) => !was.has(name)).map(({ name }) => name);
  const retyped = now.flatMap(({ name, type }): readonly Change[] => {
    const old = was.get(name);
    return old === undefined || accepts(type, old)
      ? []
      : [
          {
            id: `artifact/contract/column/${name}`,
            reason: `column "${name}" was ${old} and is ${type}`,
            pointer: '/columns',
            effect: 'breaking',
          },
        ];
  });
  return fresh.length === 0
    ? retyped
    : [...retyped, { id: 'artifact/contract/new-columns', pointer: '/inputs', ...newlyNeeded(fresh, recorded) }];
}

/** All new columns in one finding: thirty that say the same would hide the one that says something else. */
function newlyNeeded(
  names: readonly string[],
  recorded: Recorded | undefined,
): Pick<Change, 'reason' | 'effect' | 'measured'> {
  const one = names.length === 1;
  const needed = one ? `column ${namesText(names)} is newly needed` : `${names.length} columns are newly needed`;
  const list = one ? '' : `: ${namesText(names)}`;
  const counts = names.map((name) => ({ name, ...(recorded?.(name) ?? { carrying: 0, told: 0 }) }));
  const measured = { columns: names, requests: Math.max(0, ...counts.map(({ told }) => told)) };
  if (counts.every(({ told }) => told === 0))
    return {
      reason: `${needed}, and no requests are recorded that would tell whether callers send ${one ? 'it' : 'them'}${list}`,
      effect: 'unknown',
      measured,
    };
  const lacking = counts.filter(({ carrying, told }) => carrying < told);
  if (lacking.length === 0)
    return {
      reason: `${needed}, and all ${countText(measured.requests)} recorded requests carry ${one ? 'it' : 'them'}${list}`,
      effect: 'none',
      measured,
    };
  const never = lacking.filter(({ carrying }) => carrying === 0);
  const told = namesText((never.length > 0 ? never : lacking).map(({ name }) => name));
  const which = one ? 'it' : `${(never.length > 0 ? never : lacking).length} of them (${told})`;
  const [least] = lacking.toSorted((a, b) => a.carrying - b.carrying);
  return {
    reason:
      never.length > 0
        ? `${needed}, and none of ${plural(measured.requests, 'recorded request')} carries ${which}`
        : `${needed}, and not every recorded request holds a value of ${which}; at the fewest ${countText(least?.carrying ?? 0)} of ${countText(least?.told ?? 0)}`,
    // A value that is missing now and then was perhaps sent as null, which the log cannot tell from not sent.
    effect: never.length > 0 ? 'breaking' : 'unknown',
    measured: { ...measured, lacking: lacking.map(({ name, carrying }) => ({ name, requests: carrying })) },
  };
}

const NAMES_TOLD = 12;

/** The first names; `measured` holds all. */
function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_TOLD;
  return `${names
    .slice(0, NAMES_TOLD)
    .map((name) => `"${name}"`)
    .join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function columnsOf({ loaded, facts }: Side): readonly { readonly name: string; readonly type: ColumnType }[] {
  return signatureOf(loaded.specification, facts.inputs).signature.columns;
}

/** Whether what callers sent for the old type is right for the new one: an integer is a number, and category and text are both text. */
function accepts(now: ColumnType, before: ColumnType): boolean {
  const text = (type: ColumnType): boolean => type === 'category' || type === 'text';
  return now === before || (now === 'number' && before === 'integer') || (text(now) && text(before));
}
