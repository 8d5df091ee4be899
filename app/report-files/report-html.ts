import { readFileSync } from 'node:fs';
import type { Report } from '../../checks/report/report.ts';
import { worstFirst } from '../../checks/report/worst-first.ts';
import { stateTag } from '../dashboard/icons.ts';
import { html, type Markup, nothing, ownMarkup, textOf, withCode } from '../dashboard/markup.ts';
import { measuredPlan } from '../dashboard/measured-plan.ts';
import { capitalised, plural, wordOf } from '../dashboard/numbers.ts';
import { measuredList, placeInWords } from '../dashboard/rooms/findings.ts';
import {
  environment,
  planOfReport,
  planSection,
  reportBody,
  verdictBlock,
  waiverTable,
} from '../dashboard/rooms/report-sections.ts';
import type { ReportSetting } from '../dashboard/rooms/report-setting.ts';
import { section } from '../dashboard/page.ts';
import { findingStanding } from '../dashboard/verdict.ts';

/** The style of the dashboard's pages: these pages are the same, in a file. */
const STYLE = readFileSync(new URL('../dashboard/assets/style.css', import.meta.url), 'utf8');

/** A file that is opened from a disk asks nobody for anything. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * Reports as one page that stands on its own (`--html FILE`): inline style and drawings, no script, light and dark as the reader's system has it,
 * every finding with its numbers.
 */
export function reportHtml(reports: readonly Report[]): string {
  const several = reports.length !== 1;
  const title = several
    ? `${capitalised(wordOf(reports.length))} models`
    : reports.map(({ model, version }) => `${model} ${version}`).join();
  return `${textOf(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="${CONTENT_POLICY}"><meta name="color-scheme" content="light dark">
<title>${title} · Slipway</title><style>${ownMarkup(STYLE)}</style></head>
<body><main id="main">
${several ? overview(reports) : nothing}
${reports.map((report) => modelPart(report, several))}
</main></body></html>`)}\n`;
}

const CONCLUSION_WORDS = {
  success: 'may be merged',
  failure: 'is blocked',
  action_required: 'is not decided',
} as const satisfies Record<Report['conclusion'], string>;

function overview(reports: readonly Report[]): Markup {
  if (reports.length === 0) return html`<h1>No model was judged.</h1>`;
  const words = reports.map(({ model, conclusion }) => `${model} ${CONCLUSION_WORDS[conclusion]}`).join(', ');
  return html`<h1>${capitalised(wordOf(reports.length))} models: ${words}.</h1>`;
}

function modelPart(report: Report, several: boolean): Markup {
  const setting: ReportSetting = {
    id: several ? `${report.model}-` : '',
    placeOf: placeInWords,
    runOf: () => undefined,
    canWaive: false,
    running: [],
  };
  const waived = report.checks.flatMap(({ findings }) => findings).filter(({ waiver }) => waiver !== undefined);
  const crumb = `${report.model} ${report.version}${report.baseline.version === undefined ? '' : ` against ${report.baseline.version}`}`;
  return html`<div class="${several ? 'model gap6' : 'model'}" id="${setting.id}verdict">${several ? nothing : html`<p class="crumb">${crumb}</p>`}
${verdictBlock(report, several, setting)}
${planSection([...planOfReport(report), ...measuredPlan(report)])}
${reportBody(report, setting)}
${waived.length === 0 ? nothing : section({ id: `${setting.id}waivers`, title: 'Waivers', says: `${waived.length} in force` }, waiverTable(waived))}
${everyFinding(report, setting.id)}
${environment(report)}</div>`;
}

/** The sections tell what matters; here each finding stands with every number it rests on, at full precision. */
function everyFinding(report: Report, id: string): Markup {
  const findings = report.checks.flatMap((check) => worstFirst(check.findings));
  return section(
    { id: `${id}numbers`, title: 'Every number', says: 'at full precision, as in the JSON' },
    html`<details><summary>${plural(findings.length, 'finding')} with ${findings.length === 1 ? 'its' : 'their'} numbers</summary><table class="findings stack"><tbody>${findings.map(
      (finding) => {
        const { shape, tone, word } = findingStanding(finding);
        return html`<tr><td>${stateTag(shape, tone, word)}</td><th scope="row"><span class="breakable">${finding.id}</span></th><td class="whole">${withCode(finding.reason)}${measuredList(finding.measured)}</td></tr>`;
      },
    )}</tbody></table></details>`,
  );
}
