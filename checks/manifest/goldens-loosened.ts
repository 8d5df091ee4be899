import canonicalize from 'canonicalize';
import type { Finding } from '../report/report.ts';
import type { LoadedManifest } from './manifest.ts';
import { isMapping, recordOf } from './schemas.ts';

/** The goldens as they stand in two trees, JSON lines; undefined where there is no such file. */
export interface GoldenFiles {
  readonly proposal?: string;
  readonly base?: string;
}

interface Golden {
  readonly line: number;
  readonly record: string;
  readonly expected: string;
  readonly tolerance: number;
}

/**
 * Goldens may only be added to: a record that goes, or a tolerance that widens, is a loosening. What a record is expected
 * to answer may change with the model: that is told, and does not block.
 */
export function goldensLoosened(loaded: LoadedManifest, files: GoldenFiles | undefined): readonly Finding[] {
  if (files?.base === undefined || files.proposal === undefined || loaded.manifest.evaluation.goldens === undefined)
    return [];
  const { tolerance: byDefault } = loaded.manifest.reproducibility;
  const before = goldensIn(files.base, byDefault);
  const after = new Map(goldensIn(files.proposal, byDefault).map((golden) => [golden.record, golden]));
  const at = loaded.place('/evaluation/goldens');
  const gone = before.filter(({ record }) => !after.has(record));
  const wider = before.filter(({ record, tolerance }) => (after.get(record)?.tolerance ?? 0) > tolerance);
  const changed = before.filter(
    ({ record, expected }) => after.has(record) && after.get(record)?.expected !== expected,
  );
  const finding = (id: string, what: string, goldens: readonly Golden[]): readonly Finding[] => {
    if (goldens.length === 0) return [];
    const lines = goldens.map(({ line }) => line);
    const reason = `${goldens.length} of ${before.length} goldens on the default branch ${what} (there in lines ${lines.join(', ')}): goldens may only be added to`;
    return [
      {
        id,
        verdict: 'fail',
        severity: 'blocking',
        reason,
        measured: { lines, of: before.length },
        at,
        next: `put them back, or have it waived: /waive ${id} until DATE because …`,
      },
    ];
  };
  const told = changed.length === 0 ? [] : [changedFinding(changed, before.length, loaded)];
  return [
    ...finding('manifest/loosened/goldens.removed', 'are gone', gone),
    ...finding('manifest/loosened/goldens.tolerance', 'have a wider tolerance now', wider),
    ...told,
  ];
}

function changedFinding(changed: readonly Golden[], of: number, loaded: LoadedManifest): Finding {
  const lines = changed.map(({ line }) => line);
  return {
    id: 'manifest/goldens-changed',
    verdict: 'inconclusive',
    severity: 'advisory',
    reason: `${changed.length} of ${of} goldens expect another answer than on the default branch (there in lines ${lines.join(', ')})`,
    measured: { lines, of },
    at: loaded.place('/evaluation/goldens'),
    next: 'read the diff of the goldens: whether the new answers are right is for a person to say',
  };
}

/** Lines that cannot be read are the golden check's finding, not this one's. */
function goldensIn(text: string, byDefault: Tolerance): readonly Golden[] {
  return text.split('\n').flatMap((line, index): readonly Golden[] => {
    const value = parsed(line);
    if (!isMapping(value) || !isMapping(value['record'])) return [];
    const tolerance = value['tolerance'];
    return [
      {
        line: index + 1,
        record: canonicalize(value['record']) ?? '',
        expected: canonicalize(recordOf(value['expect'])) ?? '',
        tolerance:
          typeof tolerance === 'number'
            ? tolerance
            : absoluteToleranceOf(recordOf(value['expect'])['score'], byDefault),
      },
    ];
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

type Tolerance = LoadedManifest['manifest']['reproducibility']['tolerance'];

/** A golden without a tolerance has the one between runs. */
function absoluteToleranceOf(score: unknown, { absolute, relative }: Tolerance): number {
  const scores = [score].flat().map((value) => (typeof value === 'number' ? Math.abs(value) : 0));
  return absolute + relative * Math.max(0, ...scores);
}
