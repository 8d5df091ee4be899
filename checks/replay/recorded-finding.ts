import { cellAt } from '../../serving/model/record-at.ts';
import { answerOf } from '../../serving/model/score.ts';
import type { Column } from '../../serving/model/table.ts';
import type { ReplayEvidence } from '../evidence/replay-evidence.ts';
import { fail, pass } from '../finding.ts';
import type { LoadedManifest, Manifest } from '../manifest/manifest.ts';
import { countText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { isAnswered } from './compare-replay.ts';

const ID = 'replay/recorded';

/**
 * Where the rows carry the answer that production gave (a fleet's log does: `score` and `version`), the champion has to give it again: else the
 * features, the artifact or the runtime of production are not those that are judged here. Told, never judged.
 */
export function recordedFinding(
  replay: ReplayEvidence,
  champion: LoadedManifest,
  { reproducibility }: Manifest,
): readonly Finding[] {
  const [score, version] = [logColumn(replay, 'score'), logColumn(replay, 'version')];
  if (score === undefined || version === undefined) return [];
  const { relative, absolute } = reproducibility.tolerance;
  let [compared, beyond, largest] = [0, 0, 0];
  for (let row = 0; row < replay.table.rows; row++) {
    const given = cellAt(score, row);
    if (String(cellAt(version, row)) !== champion.manifest.version || typeof given !== 'number') continue;
    if (!isAnswered(replay.champion, row)) continue;
    const again = decidingScore(replay, row);
    const difference = Math.abs(again - given);
    compared += 1;
    if (!(difference <= absolute + relative * Math.abs(given))) beyond += 1;
    largest = Math.max(largest, difference);
  }
  const { version: label } = champion.manifest;
  const measured = { compared, beyondTolerance: beyond, largest, tolerance: { relative, absolute } };
  if (compared === 0) return [];
  if (beyond === 0)
    return [
      pass(
        ID,
        `${label} gives the answers again that production recorded: ${plural(compared, 'row')}, at most ${largest.toPrecision(2)} apart`,
        measured,
        { advisory: true },
      ),
    ];
  return [
    fail(
      ID,
      `${label} answers ${countText(beyond)} of ${plural(compared, 'recorded row')} otherwise than production did, at most by ${largest.toPrecision(3)}`,
      measured,
      {
        advisory: true,
        next: 'Compare the features, the artifact and the runtime of production with those that are judged here.',
      },
    ),
  ];
}

/** A column of the log's own; one that a model takes as an input keeps the name, and the log's is then called `slipway_…`. */
function logColumn({ table, championColumns, candidateColumns }: ReplayEvidence, name: string): Column | undefined {
  const taken = championColumns.includes(name) || candidateColumns.includes(name);
  return table.columns.get(taken ? `slipway_${name}` : name);
}

/** The score that the log keeps: of several classes, that of the decided one. */
function decidingScore({ champion }: ReplayEvidence, row: number): number {
  const { score } = answerOf(champion, row);
  return typeof score === 'number' ? score : Math.max(...score);
}
