import { scoreMappingOf } from '../serving/model/score.ts';
import { shapeText, signatureOf, type ColumnType } from '../serving/model/signature.ts';
import type { TensorDeclaration } from '../serving/model/tensor.ts';
import type { Evidence, SessionFacts } from './evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from './finding.ts';
import type { LoadedManifest } from './manifest/manifest.ts';
import type { Finding } from './report/report.ts';

/** One way in which callers of the champion would notice. */
interface Change {
  readonly id: string;
  readonly reason: string;
  readonly pointer: string;
  /** `breaking`: callers that go on as before are served wrongly, or not at all. */
  readonly effect: 'breaking' | 'unknown' | 'none';
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
  { id, reason, pointer, effect }: Change,
  version: string,
  declared: string | undefined,
  proposal: LoadedManifest,
): Finding {
  const measured = { against: version, effect, declared: declared ?? null };
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

function changesOf(before: Side, after: Side, recorded: ReadonlySet<string> | undefined): readonly Change[] {
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

/** Columns of requests that production recorded; undefined when none were recorded. */
function recordedColumns({ drift }: Evidence): ReadonlySet<string> | undefined {
  const { against } = drift;
  if (against.kind !== 'window' || against.data.kind === 'missing') return undefined;
  return new Set(against.data.value.table.columns.keys());
}

function columnChanges(before: Side, after: Side, recorded: ReadonlySet<string> | undefined): readonly Change[] {
  const was = new Map(columnsOf(before).map(({ name, type }) => [name, type]));
  return columnsOf(after).flatMap(({ name, type }): readonly Change[] => {
    const old = was.get(name);
    if (old !== undefined)
      return accepts(type, old)
        ? []
        : [
            {
              id: `artifact/contract/column/${name}`,
              reason: `column "${name}" was ${old} and is ${type}`,
              pointer: '/columns',
              effect: 'breaking',
            },
          ];
    return [{ id: `artifact/contract/new-column/${name}`, pointer: '/inputs', ...newlyNeeded(name, recorded) }];
  });
}

function newlyNeeded(name: string, recorded: ReadonlySet<string> | undefined): Pick<Change, 'reason' | 'effect'> {
  const needed = `column "${name}" is newly needed`;
  if (recorded === undefined)
    return {
      reason: `${needed}, and no requests are recorded that would tell whether callers send it`,
      effect: 'unknown',
    };
  return recorded.has(name)
    ? { reason: `${needed}, and recorded requests carry it`, effect: 'none' }
    : { reason: `${needed}, and recorded requests do not carry it`, effect: 'breaking' };
}

function columnsOf({ loaded, facts }: Side): readonly { readonly name: string; readonly type: ColumnType }[] {
  return signatureOf(loaded.specification, facts.inputs).signature.columns;
}

/** Whether what callers sent for the old type is right for the new one: an integer is a number, and category and text are both text. */
function accepts(now: ColumnType, before: ColumnType): boolean {
  const text = (type: ColumnType): boolean => type === 'category' || type === 'text';
  return now === before || (now === 'number' && before === 'integer') || (text(now) && text(before));
}
