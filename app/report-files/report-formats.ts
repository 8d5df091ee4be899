import { reportMarkdown } from '../../checks/report/report-markdown.ts';
import type { Report } from '../../checks/report/report.ts';
import { junitOf } from './junit.ts';
import { mlBom } from './ml-bom.ts';
import { modelCards } from './model-card.ts';
import { reportHtml } from './report-html.ts';

/** A file that a report can be written as; `check` and `report` take an option for each. */
export interface ReportFormat {
  readonly option: string;
  /** For `--help`. */
  readonly means: string;
  write(reports: readonly Report[]): string;
}

export const reportFormats: readonly ReportFormat[] = [
  { option: 'html', means: 'one page that stands on its own: findings, figures, method', write: reportHtml },
  {
    option: 'markdown',
    means: 'the same for a wiki or a comment',
    write: (reports) => reports.map(reportMarkdown).join('\n\n'),
  },
  { option: 'junit', means: 'JUnit XML for a CI system', write: junitOf },
  { option: 'card', means: 'a model card, in Markdown', write: modelCards },
  { option: 'bom', means: 'a bill of materials: CycloneDX 1.6 JSON with the model card', write: mlBom },
];
