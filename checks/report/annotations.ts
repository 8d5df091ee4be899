import type { Finding } from './report.ts';

/** Reference: "Create a check run", docs.github.com. */
export const ANNOTATION_LIMIT = 50;
const ANNOTATION_TITLE_LIMIT = 255;

export interface CheckRunAnnotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'failure' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

const levels = { fail: 'failure', error: 'failure', inconclusive: 'warning' } as const;

/** On the manifest's own lines: what did not pass and knows its line, in the order of the findings; as many as one call takes. */
export function annotationsOf(findings: readonly Finding[]): readonly CheckRunAnnotation[] {
  return findings
    .flatMap(({ id, verdict, severity, reason, next, at }) => {
      if (at?.line === undefined || verdict === 'pass' || verdict === 'not-applicable' || verdict === 'waived')
        return [];
      const level = severity === 'advisory' ? ('notice' as const) : levels[verdict];
      return [
        {
          path: at.file,
          line: at.line,
          level,
          title: shortened(id, ANNOTATION_TITLE_LIMIT),
          message: next === undefined ? reason : `${reason}\n${next}`,
        },
      ];
    })
    .slice(0, ANNOTATION_LIMIT);
}

export const shortened = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
