import type { Finding, Place } from '../report/report.ts';

/** What is wrong with one value of a document that a person wrote. */
export interface Problem {
  /** Finding id: `manifest/yaml`, `manifest/schema/evaluation.metrics.0.margin`. */
  readonly id: string;
  /** One sentence without the place: what, the value found, what was expected. */
  readonly reason: string;
  readonly at: Place;
  /** JSON pointer of the value, `/evaluation/metrics/0/margin`; empty for the whole document. */
  readonly pointer: string;
  /** The value as a person would recognise it, with its type: `"0.005x" (text)`. */
  readonly found: string;
  readonly expected: string;
  readonly next?: string;
}

/** `models/income/model.yaml:21:7 evaluation.metrics[0].margin is "0.005x" (text); expected a number of at least 0` */
export function textOfProblem(problem: Problem): string {
  const next = problem.next === undefined ? '' : ` (${problem.next})`;
  return `${textOfPlace(problem.at)} ${problem.reason}${next}`;
}

export function textOfPlace(place: Place): string {
  const line = place.line === undefined ? '' : `:${place.line}`;
  const column = place.column === undefined ? '' : `:${place.column}`;
  return `${place.file}${line}${column}`;
}

/** A document that cannot be read cannot be judged: every problem blocks. */
export function findingOfProblem(problem: Problem): Finding {
  return {
    id: problem.id,
    verdict: 'fail',
    severity: 'blocking',
    reason: problem.reason,
    measured: { pointer: problem.pointer, found: problem.found, expected: problem.expected },
    at: problem.at,
    ...(problem.next === undefined ? {} : { next: problem.next }),
  };
}
