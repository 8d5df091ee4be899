import type { Compared } from '../metrics/compare-metric.ts';
import { countText, decimalsForDifference, intervalText, limitText, numberText, signedText } from '../report/format.ts';
import type { Interval } from '../stats/interval.ts';
import type { NonInferiority } from './non-inferiority.ts';

/** `log_loss 0.351 against 0.320: worse by 0.031, 95 % interval [+0.022, +0.040], margin 0.01`. */
export function comparisonSentence(
  compared: Compared,
  judged: NonInferiority,
  raw: Interval = compared.interval,
  intervalName = '95 % interval',
): string {
  const { metric, candidate, baseline, difference } = compared;
  const decimals = decimalsForDifference(baseline, difference);
  const values = `${metric} ${numberText(candidate, decimals)} against ${numberText(baseline, decimals)}`;
  const interval = `${intervalName} ${intervalText(raw, decimals)}, margin ${limitText(judged.margin)}`;
  return `${values}: ${changeText(compared, judged, decimals)}, ${interval}${rowsText(judged)}`;
}

/** `worse by 0.031`, `better by 0.041`, `no difference`. */
export function changeText({ difference }: Compared, { improvement }: NonInferiority, decimals: number): string {
  if (difference === 0) return 'no difference';
  return `${improvement < 0 ? 'worse' : 'better'} by ${numberText(Math.abs(difference), decimals)}`;
}

/** `; about 31,000 rows would decide`. */
export function rowsText({ rowsThatWouldDecide }: NonInferiority): string {
  if (rowsThatWouldDecide === undefined) return '';
  return rowsThatWouldDecide === null
    ? '; no number of rows would decide at this estimate'
    : `; about ${countText(rowsThatWouldDecide)} rows would decide`;
}

/** `roc_auc +0.041 [+0.033, +0.050]`. */
export function shortComparison(compared: Compared): string {
  const { metric, difference, baseline, interval } = compared;
  const decimals = decimalsForDifference(baseline, difference);
  return `${metric} ${signedText(difference, decimals)} ${intervalText(interval, decimals)}`;
}
