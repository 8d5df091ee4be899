import type { CheckResult } from '../../../checks/report/report.ts';
import type { PlaceOf } from './findings.ts';

/** Where a report is shown: what the addresses on its page are, which differ between a pull request's page and a file. */
export interface ReportSetting {
  /** Before each id on the page: the model's name, where several models share it. */
  readonly id: string;
  readonly placeOf: PlaceOf;
  /** A check's own page on GitHub. */
  readonly runOf: (check: CheckResult) => string | undefined;
  /** Whether the page says how to waive what blocks. */
  readonly canWaive: boolean;
  /** Names of checks that have not finished. */
  readonly running: readonly string[];
}
